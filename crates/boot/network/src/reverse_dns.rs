//! Names of addresses, asked of DNS servers directly: the C library's way
//! would load modules into the process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use std::{fmt, io};

use rustix::rand::GetRandomFlags;
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

/// No more servers are asked, as resolv.conf(5) has it (`MAXNS`).
const MAX_SERVERS: usize = 3;

/// How long an answer of a server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer over UDP without EDNS is no longer than this (RFC 1035 §4.2.1).
const MAX_ANSWER_BYTES: usize = 512;

/// Why a server's answer is none.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question does not get there, or no answer comes.
    #[error("no answer: {0}")]
    Exchange(#[from] io::Error),
    /// The question cannot be written down.
    #[error("no question: {0}")]
    Question(#[from] simple_dns::SimpleDnsError),
    /// The server knows no name, or does not tell.
    #[error("it has no name for {address} ({code:?})")]
    NoName {
        /// What was asked about.
        address: IpAddr,
        /// What the server says.
        code: RCODE,
    },
}

/// The servers in the text of a resolv.conf(5), as many as are asked. Those
/// with a scope (`fe80::1%eth0`) are left out.
pub fn servers(resolv_conf: &str) -> Vec<IpAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .filter_map(|rest| rest.trim().parse().ok())
        .take(MAX_SERVERS)
        .collect()
}

/// The name of an address, as the server at `server` knows it (a PTR record,
/// RFC 1035 §3.5 and RFC 3596 §2.5). It may be any text.
pub fn ask(server: SocketAddr, address: IpAddr) -> Result<String, Error> {
    let mut id = [0; 2];
    rustix::rand::getrandom(&mut id, GetRandomFlags::empty()).map_err(io::Error::from)?;
    let id = u16::from_ne_bytes(id);
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // From here on the kernel takes packets of this server alone.
    socket.connect(server)?;
    socket.send(&question(id, address)?)?;

    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; MAX_ANSWER_BYTES];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        }
        socket.set_read_timeout(Some(left))?;
        let length = match socket.recv(&mut buffer) {
            // What a read timeout looks like.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => continue,
            result => result?,
        };
        // What is no answer to this question may be another's attempt at one.
        if let Some(answer) = answer(&buffer[..length], id, address) {
            return answer.map_err(|code| Error::NoName { address, code });
        }
    }
}

fn question(id: u16, address: IpAddr) -> Result<Vec<u8>, simple_dns::SimpleDnsError> {
    let name = Pointer(address).to_string();
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(&name)?,
        QTYPE::TYPE(TYPE::PTR),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet.build_bytes_vec()
}

/// The name in an answer, or the code of one without; `None` if it is no
/// answer to this question.
fn answer(bytes: &[u8], id: u16, address: IpAddr) -> Option<Result<String, RCODE>> {
    let packet = Packet::parse(bytes).ok()?;
    let asked = Pointer(address).to_string();
    let is_ours = packet.id() == id
        && packet.has_flags(PacketFlag::RESPONSE)
        && matches!(packet.questions.as_slice(), [question]
            if question.qname.to_string().eq_ignore_ascii_case(&asked)
                && question.qtype == QTYPE::TYPE(TYPE::PTR));
    if !is_ours {
        return None;
    }
    // Under another owner than asked for, where the zone is delegated by
    // aliases (RFC 2317).
    let name = packet
        .answers
        .iter()
        .find_map(|record| match &record.rdata {
            RData::PTR(pointer) => Some(pointer.0.to_string()),
            _ => None,
        });
    Some(name.ok_or(packet.rcode()))
}

/// The name under which DNS keeps the name of an address.
struct Pointer(IpAddr);

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                write!(f, "{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(address) => {
                for byte in address.octets().iter().rev() {
                    write!(f, "{:x}.{:x}.", byte & 0xf, byte >> 4)?;
                }
                f.write_str("ip6.arpa")
            }
        }
    }
}

#[cfg(test)]
mod tests;
