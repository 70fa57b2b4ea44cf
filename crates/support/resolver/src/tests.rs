use std::net::UdpSocket as Udp;
use std::thread;

use proptest::prelude::*;

use super::*;

fn resolve(resolver: &Resolver, host: &str) -> Result<Vec<String>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(resolver.addresses(host));
    found
        .map(|addresses| addresses.iter().map(IpAddr::to_string).collect())
        .map_err(|e| e.to_string())
}

/// The question of a query: what follows its header of 12 bytes.
fn question(query: &[u8]) -> &[u8] {
    &query[12..]
}

/// An answer, written byte by byte: flags, then records below the name asked.
fn answer(query: &[u8], flags: [u8; 2], records: &[(u16, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut bytes = [&query[..2], &flags[..], &[0, 1], &count[..], &[0; 4]].concat();
    bytes.extend(question(query));
    for (kind, data) in records {
        // A pointer to the question's name, the type, class IN, a minute.
        bytes.extend([0xc0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}

/// A name server that answers each query with what `reply` makes of it.
fn name_server(reply: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = Udp::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for answer in reply(&buffer[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address
}

fn using(servers: Vec<SocketAddr>) -> Resolver {
    Resolver {
        servers,
        ..Resolver::default()
    }
}

fn is_v4(query: &[u8]) -> bool {
    query.ends_with(&[0, 1, 0, 1])
}

const OK: [u8; 2] = [0x81, 0x80];
const NO_SUCH_NAME: [u8; 2] = [0x81, 0x83];
const SERVER_FAILURE: [u8; 2] = [0x81, 0x82];

/// `192.0.2.1` and `2001:db8::1`, behind an alias.
fn good(query: &[u8]) -> Vec<Vec<u8>> {
    let alias: (u16, &[u8]) = (5, b"\x05alias\x00");
    let v6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let address: (u16, &[u8]) = match is_v4(query) {
        true => (1, &[192, 0, 2, 1]),
        false => (28, &v6),
    };
    vec![answer(query, OK, &[alias, address])]
}

#[test]
fn addresses_of_both_families_are_found() {
    let resolver = using(vec![name_server(good)]);
    assert_eq!(
        resolve(&resolver, "node.example.com").unwrap(),
        ["192.0.2.1", "2001:db8::1"]
    );
}

#[test]
fn what_is_not_the_answer_is_passed_over() {
    let server = name_server(|query| {
        let mut forged = answer(query, OK, &[(1, &[203, 0, 113, 1])]);
        forged[0] ^= 0xff;
        [vec![forged], good(query)].concat()
    });
    assert_eq!(
        resolve(&using(vec![server]), "a.b").unwrap(),
        ["192.0.2.1", "2001:db8::1"]
    );
}

#[test]
fn the_next_server_is_asked_when_one_fails() {
    let failing = name_server(|query| vec![answer(query, SERVER_FAILURE, &[])]);
    let hostile = name_server(|query| vec![[&query[..2], &[0xff; 30]].concat()]);
    let other = name_server(|query| {
        let mut other = query.to_vec();
        other[13] = b'x';
        vec![answer(&other, OK, &[(1, &[203, 0, 113, 1])])]
    });
    let resolver = using(vec![failing, hostile, other, name_server(good)]);
    assert_eq!(
        resolve(&resolver, "a.b").unwrap(),
        ["192.0.2.1", "2001:db8::1"]
    );
    let error = resolve(&using(vec![failing]), "a.b").unwrap_err();
    assert!(
        error.contains("failed to resolve `a.b`: name server 127.0.0.1:")
            && error.contains("ServerFailure"),
        "{error}"
    );
}

#[test]
fn names_that_are_not_there_are_said_to_be_so() {
    let server = name_server(|query| vec![answer(query, NO_SUCH_NAME, &[])]);
    assert_eq!(
        resolve(&using(vec![server]), "a.b").unwrap_err(),
        "failed to resolve `a.b`: there is no such name"
    );
    let long = format!("{}.b", "a".repeat(64));
    assert!(resolve(&using(vec![name_server(good)]), &long).is_err());
}

#[test]
fn large_answers_come_over_tcp() {
    use std::io::{Read, Write};
    // One port for both, as a name server has.
    let (listener, server) = (0..100)
        .find_map(|_| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").ok()?;
            let socket = Udp::bind(listener.local_addr().ok()?).ok()?;
            let address = socket.local_addr().ok()?;
            thread::spawn(move || {
                let mut buffer = [0; 512];
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let cut = answer(&buffer[..length], [0x83, 0x80], &[]);
                    let _ = socket.send_to(&cut, from);
                }
            });
            Some((listener, address))
        })
        .unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut query = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut query).unwrap();
            let records: Vec<(u16, &[u8])> = match is_v4(&query) {
                true => vec![(1, &[192, 0, 2, 7]); 60],
                false => vec![],
            };
            let answer = answer(&query, OK, &records);
            let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
            stream.write_all(&[&length[..], &answer].concat()).unwrap();
        }
    });
    assert_eq!(resolve(&using(vec![server]), "a.b").unwrap(), ["192.0.2.7"]);
}

#[test]
fn the_files_of_the_system_are_read() {
    let resolver = Resolver::parse(
        "# comment\nnameserver 192.0.2.53\nnameserver fd00::53\nnameserver fe80::1%eth0\n\
         nameserver x\nsearch a.example b.example.\noptions edns0\nnameserver 192.0.2.54\n\
         nameserver 192.0.2.55\n",
        "127.0.0.1 localhost\n::1 localhost ip6-localhost # here\n192.0.2.9\tPrinter printer.lan\n"
            .to_owned(),
    );
    let servers: Vec<String> = resolver.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["192.0.2.53:53", "[fd00::53]:53", "192.0.2.54:53"]);
    assert_eq!(
        resolver.candidates("node"),
        ["node.a.example", "node.b.example", "node"]
    );
    assert_eq!(resolver.candidates("a.b."), ["a.b"]);
    assert_eq!(
        resolve(&resolver, "localhost").unwrap(),
        ["127.0.0.1", "::1"]
    );
    assert_eq!(resolve(&resolver, "printer.lan").unwrap(), ["192.0.2.9"]);
    let bare = Resolver::parse("", String::new());
    assert_eq!(bare.servers, ["127.0.0.1:53".parse().unwrap()]);
}

proptest! {
    #[test]
    fn no_answer_panics(bytes in prop::collection::vec(any::<u8>(), 0..MAX_DATAGRAM)) {
        let _ = parse(&bytes, 7, "a.b", TYPE::A);
    }

    /// A good answer with a few bytes of it exchanged, and an end cut off: its
    /// lengths, counts and pointers lead elsewhere.
    #[test]
    fn no_damaged_answer_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let query = query(7, "a.b", TYPE::A).unwrap();
        let mut bytes = good(&query).remove(0);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = parse(&bytes, 7, "a.b", TYPE::A);
        let _ = parse(&bytes[..end.index(bytes.len())], 7, "a.b", TYPE::A);
    }
}

#[test]
fn servers_of_the_network_are_those_that_networkd_found() {
    let state = "# This is private data. Do not parse.\nOPER_STATE=routable\n\
        DNS=10.0.2.3 fec0::3 x 1.1.1.1 1.1.1.2\nDOMAINS=lan\n";
    let servers = Resolver::of_state(state).servers;
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["10.0.2.3:53", "[fec0::3]:53", "1.1.1.1:53"]);
    let error = resolve(&Resolver::of_state("OPER_STATE=off\n"), "a.b").unwrap_err();
    assert!(error.contains("no name server is known"), "{error}");
}
