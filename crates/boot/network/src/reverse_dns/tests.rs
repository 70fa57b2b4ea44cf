use std::thread;

use proptest::prelude::*;

use super::*;

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));

/// `10.2.0.192.in-addr.arpa`, as RFC 1035 writes it, with type PTR, class IN.
const QUESTION: &[u8] = b"\x0210\x012\x010\x03192\x07in-addr\x04arpa\x00\x00\x0c\x00\x01";

/// An answer with these flags and records, written by hand.
fn packet(id: u16, flags: u16, records: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [id, flags, 1, records.len() as u16, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(QUESTION);
    for record in records {
        bytes.extend(*record);
    }
    bytes
}

/// A PTR record owned by the question's name, by a pointer to it.
fn pointer(name: &[u8]) -> Vec<u8> {
    let mut record = b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x0e\x10".to_vec();
    record.extend((name.len() as u16).to_be_bytes());
    record.extend(name);
    record
}

#[test]
fn names_of_addresses() {
    for (address, name) in [
        ("192.0.2.10", "10.2.0.192.in-addr.arpa"),
        (
            "2001:db8::567:89ab",
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        ),
    ] {
        assert_eq!(Pointer(address.parse().unwrap()).to_string(), name);
    }
}

#[test]
fn the_question_is_as_the_rfc_says() {
    let mut expected = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
    expected.extend(QUESTION);
    assert_eq!(question(0x1234, ADDRESS).unwrap(), expected);
}

#[test]
fn servers_are_read_from_resolv_conf() {
    for (text, expected) in [
        ("", vec![]),
        (
            "# nameserver 192.0.2.1\nnameserver\nnameservers 192.0.2.2\n",
            vec![],
        ),
        (
            "nameserver 192.0.2.1\nsearch example.com\n\tnameserver\t2001:db8::53 \n",
            vec!["192.0.2.1", "2001:db8::53"],
        ),
        (
            "nameserver fe80::1%eth0\nnameserver x\nnameserver 192.0.2.1",
            vec!["192.0.2.1"],
        ),
        (
            "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n",
            vec!["1.1.1.1", "1.1.1.2", "1.1.1.3"],
        ),
    ] {
        let expected: Vec<IpAddr> = expected.iter().map(|e| e.parse().unwrap()).collect();
        assert_eq!(servers(text), expected, "{text:?}");
    }
}

#[test]
fn answers_are_held_against_the_question() {
    let name = pointer(b"\x05node1\x07example\x03com\x00");
    let alias = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x0e\x10\x00\x02\xc0\x0c".to_vec();
    let endless = pointer(b"\xc0\x35");
    let found = Some(Ok("node1.example.com".to_owned()));
    let mut other_question = packet(7, 0x8180, &[&name]);
    other_question[13] = b'9';
    let cases = [
        ("a name", packet(7, 0x8180, &[&name]), found.clone()),
        (
            "a name behind an alias",
            packet(7, 0x8180, &[&alias, &name]),
            found,
        ),
        ("another question's id", packet(8, 0x8180, &[&name]), None),
        ("a question", packet(7, 0x0100, &[&name]), None),
        ("another question", other_question, None),
        (
            "no name",
            packet(7, 0x8183, &[]),
            Some(Err(RCODE::NameError)),
        ),
        (
            "a refusal",
            packet(7, 0x8185, &[]),
            Some(Err(RCODE::Refused)),
        ),
        (
            "an alias to nowhere",
            packet(7, 0x8180, &[&alias]),
            Some(Err(RCODE::NoError)),
        ),
        (
            "a name that contains itself",
            packet(7, 0x8180, &[&endless]),
            None,
        ),
        (
            "cut short",
            packet(7, 0x8180, &[&name])[..60].to_vec(),
            None,
        ),
        ("nothing", Vec::new(), None),
    ];
    for (case, bytes, expected) in cases {
        assert_eq!(answer(&bytes, 7, ADDRESS), expected, "{case}");
    }
}

/// A server that answers one question with what `reply` makes of its id.
fn server(replies: impl Fn(u16) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[12..length], QUESTION);
        let id = u16::from_be_bytes([buffer[0], buffer[1]]);
        for reply in replies(id) {
            socket.send_to(&reply, client).unwrap();
        }
    });
    address
}

#[test]
fn servers_are_asked() {
    let name = pointer(b"\x05node1\x00");
    let right = name.clone();
    // Noise does not end the wait for the answer.
    let good = server(move |id| {
        let wrong = packet(id.wrapping_add(1), 0x8180, &[&right]);
        vec![b"noise".to_vec(), wrong, packet(id, 0x8180, &[&right])]
    });
    assert_eq!(ask(good, ADDRESS).unwrap(), "node1");
    let unknowing = server(|id| vec![packet(id, 0x8183, &[])]);
    assert_eq!(
        ask(unknowing, ADDRESS).unwrap_err().to_string(),
        "it has no name for 192.0.2.10 (NameError)"
    );
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = ask(closed, ADDRESS).unwrap_err().to_string();
    assert!(error.starts_with("no answer: "), "{error}");
}

proptest! {
    #[test]
    fn no_packet_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = answer(&bytes, 7, ADDRESS);
    }

    #[test]
    fn no_record_panics(record in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = answer(&packet(7, 0x8180, &[&record]), 7, ADDRESS);
    }

    #[test]
    fn no_name_panics(name in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = answer(&packet(7, 0x8180, &[&pointer(&name)]), 7, ADDRESS);
    }
}
