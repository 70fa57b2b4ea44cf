//! The service as a program, for clients in other languages.
//!
//! usage: fake-imds ADDRESS:PORT REGION [USER-DATA]

use std::net::TcpListener;

use anyhow::Context;
use fake_imds::{Imds, Instance};

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: fake-imds ADDRESS:PORT REGION [USER-DATA]";
    let address = words.next().context(usage)?;
    let mut imds = Imds::new(&Instance {
        region: words.next().context(usage)?,
        user_data: words.next(),
        ..Instance::default()
    });
    let listener =
        TcpListener::bind(&address).with_context(|| format!("failed to listen at {address}"))?;
    println!("listening");
    fake_http_server::serve_on(&listener, |request| imds.answer(request));
    Ok(())
}
