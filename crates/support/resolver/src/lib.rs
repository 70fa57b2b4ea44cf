//! Names of hosts to addresses, without the C library: a static program cannot load the
//! modules that nsswitch.conf(5) names, and early in the boot there is nobody whom they
//! could ask.
//!
//! A stub resolver (RFC 1034, section 5.3.1): it asks the servers of
//! resolv.conf(5), which do the work, and reads hosts(5) before.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long a server may think.
const LIMIT: Duration = Duration::from_secs(3);

/// How often all servers are asked.
const ROUNDS: usize = 2;

/// As many as resolv.conf(5) says are used.
const MAX_SERVERS: usize = 3;

/// No answer without EDNS is larger (RFC 1035, section 4.2.1).
const MAX_DATAGRAM: usize = 512;

/// Servers of a network that systemd-networkd has set up, as it tells systemd-resolved.
const NETWORKD: &str = "/run/systemd/netif/state";

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the system is set up to use cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// No server knows it.
    #[error("failed to resolve `{host}`: {reason}")]
    NoAddress {
        /// The name.
        host: String,
        /// What the last server says.
        reason: String,
    },
}

/// Where names are looked up.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    search: Vec<String>,
    /// The text of hosts(5).
    hosts: String,
}

/// What servers say about a name.
#[derive(Debug)]
enum Answer {
    Addresses(Vec<IpAddr>),
    /// The name is not there.
    NoSuchName,
    /// The answer does not fit into a datagram.
    Truncated,
}

impl Resolver {
    /// What this system is set up to use.
    ///
    /// # Errors
    ///
    /// If that cannot be read.
    pub fn of_system() -> Result<Self, Error> {
        Ok(Self::parse(&read("/etc/resolv.conf")?, read("/etc/hosts")?))
    }

    /// What the network says that is to be used, before anybody has set anything up.
    ///
    /// # Errors
    ///
    /// If that cannot be read.
    pub fn of_network() -> Result<Self, Error> {
        Ok(Self::of_state(&read(NETWORKD)?))
    }

    fn of_state(state: &str) -> Self {
        let line = state.lines().find_map(|line| line.strip_prefix("DNS="));
        let words = line.unwrap_or_default().split_whitespace();
        // An address may have a port, an interface or a name behind it: with DHCP it has not.
        Self {
            servers: words.filter_map(server).take(MAX_SERVERS).collect(),
            ..Self::default()
        }
    }

    /// Reads resolv.conf(5). `hosts` is the text of hosts(5).
    fn parse(resolv_conf: &str, hosts: String) -> Self {
        let mut resolver = Self {
            hosts,
            ..Self::default()
        };
        for line in resolv_conf.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") if resolver.servers.len() < MAX_SERVERS => {
                    let address = words.next().and_then(server);
                    resolver.servers.extend(address);
                }
                Some("search" | "domain") => resolver.search = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        if resolver.servers.is_empty() {
            resolver.servers.push((Ipv4Addr::LOCALHOST, 53).into());
        }
        resolver
    }

    /// The addresses of a host, those of IPv4 first: where there is no route
    /// for a family, to try it costs no time.
    ///
    /// # Errors
    ///
    /// If there are none.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Error> {
        let known = in_hosts(&self.hosts, host);
        if !known.is_empty() {
            return Ok(known);
        }
        let mut last = "there is no such name".to_owned();
        for name in self.candidates(host) {
            match self.look_up(&name).await {
                Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
                Ok(_) => {}
                Err(error) => last = error.to_string(),
            }
        }
        Err(Error::NoAddress {
            host: host.to_owned(),
            reason: last,
        })
    }

    /// A name with a dot in it is whole, another one may be short for a longer
    /// one.
    fn candidates(&self, host: &str) -> Vec<String> {
        let longer = self
            .search
            .iter()
            .filter(|_| !host.contains('.'))
            .map(|domain| format!("{host}.{}", domain.trim_end_matches('.')));
        longer
            .chain([host.trim_end_matches('.').to_owned()])
            .collect()
    }

    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let (v4, v6) = tokio::join!(self.ask(name, TYPE::A), self.ask(name, TYPE::AAAA));
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => Ok([v4, v6].concat()),
            // One family is enough, if it is there.
            (Ok(addresses), Err(_)) | (Err(_), Ok(addresses)) if !addresses.is_empty() => {
                Ok(addresses)
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    async fn ask(&self, name: &str, kind: TYPE) -> io::Result<Vec<IpAddr>> {
        let mut last = io::Error::other("no name server is known");
        for server in (0..ROUNDS).flat_map(|_| &self.servers) {
            let asked = timeout(LIMIT, ask_server(*server, name, kind)).await;
            let asked = asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            match asked {
                Ok(Answer::Addresses(addresses)) => return Ok(addresses),
                Ok(Answer::NoSuchName) => return Ok(Vec::new()),
                Ok(Answer::Truncated) => last = io::Error::other("the answer is cut off"),
                Err(error) => last = error,
            }
            last = io::Error::new(last.kind(), format!("name server {server}: {last}"));
        }
        Err(last)
    }
}

/// The text of a file; none if there is no such file.
fn read(path: &str) -> Result<String, Error> {
    match files::read_to_string(Path::new(path)) {
        Err(error) if error.is_not_found() => Ok(String::new()),
        text => Ok(text?),
    }
}

async fn ask_server(server: SocketAddr, name: &str, kind: TYPE) -> io::Result<Answer> {
    // Who answers must have seen the question: its number cannot be guessed
    // (RFC 5452), nor can the port, which the kernel chooses.
    let id = RandomState::new().hash_one(name) as u16;
    let query = query(id, name, kind)?;
    match parse(&over_udp(server, &query, id).await?, id, name, kind)? {
        Answer::Truncated => parse(&over_tcp(server, &query).await?, id, name, kind),
        answer => Ok(answer),
    }
}

async fn over_udp(server: SocketAddr, query: &[u8], id: u16) -> io::Result<Vec<u8>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // From here on only what this server sends is received.
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut answer = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut answer).await?;
        if answer[..length].starts_with(&id.to_be_bytes()) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

/// RFC 1035, section 4.2.2.
async fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&length.to_be_bytes(), query].concat())
        .await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn query(id: u16, name: &str, kind: TYPE) -> io::Result<Vec<u8>> {
    let name = Name::new(name).map_err(io::Error::other)?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet
        .questions
        .push(Question::new(name, kind.into(), CLASS::IN.into(), false));
    packet.build_bytes_vec().map_err(io::Error::other)
}

fn parse(bytes: &[u8], id: u16, name: &str, kind: TYPE) -> io::Result<Answer> {
    let packet = Packet::parse(bytes).map_err(io::Error::other)?;
    let asked = match packet.questions.as_slice() {
        [question] => {
            question.qtype == QTYPE::TYPE(kind)
                && question.qname.to_string().eq_ignore_ascii_case(name)
        }
        _ => false,
    };
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !asked {
        return Err(io::Error::other(
            "what came is not the answer to the question",
        ));
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(Answer::Truncated);
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Answer::NoSuchName),
        code => {
            return Err(io::Error::other(format!(
                "it answers with the error {code:?}"
            )));
        }
    }
    // The aliases on the way come first; where they end are the addresses.
    let addresses: HashSet<IpAddr> = packet
        .answers
        .iter()
        .filter_map(|record| match &record.rdata {
            RData::A(v4) if kind == TYPE::A => Some(Ipv4Addr::from(v4.address).into()),
            RData::AAAA(v6) if kind == TYPE::AAAA => Some(Ipv6Addr::from(v6.address).into()),
            _ => None,
        })
        .collect();
    let mut addresses: Vec<IpAddr> = addresses.into_iter().collect();
    addresses.sort();
    Ok(Answer::Addresses(addresses))
}

/// An address in resolv.conf(5). One of a link names its interface, which
/// only a number would do for here: systemd-resolved writes none such.
fn server(word: &str) -> Option<SocketAddr> {
    let address: IpAddr = word.parse().ok()?;
    Some((address, 53).into())
}

/// Reads hosts(5): an address and its names on each line.
fn in_hosts(hosts: &str, host: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = hosts
        .lines()
        .filter_map(|line| {
            let mut words = line.split('#').next()?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            words
                .any(|name| name.eq_ignore_ascii_case(host))
                .then_some(address)
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
