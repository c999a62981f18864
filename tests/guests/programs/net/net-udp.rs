//! UDP through std::net, all in one program, over 127.0.0.1 and ::1.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

fn kind<T>(result: io::Result<T>) -> String {
    result.map_or_else(|error| format!("{:?}", error.kind()), |_| "no error".into())
}

fn messages(address: &str) -> io::Result<()> {
    let one = UdpSocket::bind((address, 0))?;
    let other = UdpSocket::bind((address, 0))?;
    let target = other.local_addr()?;
    println!("bound to {}", target.ip());
    println!("sent: {} {}", one.send_to(b"first", target)?, one.send_to(b"", target)?);
    let mut buffer = [0; 16];
    let (count, from) = other.peek_from(&mut buffer)?;
    println!("peeked: {count}, from the sender: {}", from == one.local_addr()?);
    let (count, from) = other.recv_from(&mut buffer[..3])?;
    println!("cut: {count}, from the sender: {}", from == one.local_addr()?);
    println!("empty: {}", other.recv(&mut buffer)?);
    other.set_nonblocking(true)?;
    println!("none: {}", kind(other.recv(&mut buffer)));
    other.set_nonblocking(false)?;
    other.set_read_timeout(Some(Duration::from_millis(10)))?;
    println!("none in time: {}", kind(other.recv_from(&mut buffer)));

    println!("no target: {}", kind(one.send(b"x")));
    one.connect(target)?;
    println!("connected: {}", one.peer_addr()? == target);
    println!("sent: {}", one.send(b"connected")?);
    println!("received: {}", other.recv(&mut buffer)?);
    // Only the peer is heard.
    let third = UdpSocket::bind((address, 0))?;
    third.send_to(b"unheard", one.local_addr()?)?;
    other.send_to(b"heard", one.local_addr()?)?;
    let count = one.recv(&mut buffer)?;
    println!("heard: {:?}", buffer[..count].escape_ascii().to_string());
    let twin = one.try_clone()?;
    drop(one);
    println!("through the twin: {}", twin.send(b"twin")?);
    drop(other);
    println!("nobody there: {} {}", kind(twin.send(b"x")), kind(twin.send(b"x")));
    println!("then: {}", kind(twin.send(b"x")));
    println!("error: {:?}", twin.take_error()?.map(|error| error.kind()));
    println!("none left: {:?}", twin.take_error()?.map(|error| error.kind()));
    Ok(())
}

fn failures() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    println!("taken: {}", kind(UdpSocket::bind(socket.local_addr()?)));
    println!("elsewhere: {}", kind(UdpSocket::bind("192.0.2.1:0")));
    let long = vec![1; 65508];
    println!("too long: {}", kind(socket.send_to(&long, socket.local_addr()?)));
    println!("longest: {}", socket.send_to(&long[1..], socket.local_addr()?)?);
    println!("received: {}", socket.recv(&mut [0; 65536])?);
    println!("unreachable: {}", kind(UdpSocket::bind("0.0.0.0:0")?.send_to(b"x", "192.0.2.1:9")));
    println!("port 0: {}", kind(socket.send_to(b"x", "127.0.0.1:0")));
    println!("broadcast: {}", kind(socket.send_to(b"x", "127.255.255.255:9")));
    socket.set_broadcast(true)?;
    println!("allowed: {} {}", socket.broadcast()?, kind(socket.send_to(b"x", "127.255.255.255:9")));
    println!("not connected: {}", kind(socket.peer_addr()));
    Ok(())
}

fn groups() -> io::Result<()> {
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let member = UdpSocket::bind("0.0.0.0:0")?;
    let port = member.local_addr()?.port();
    println!("not a group: {}", kind(member.join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::LOCALHOST)));
    member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    println!("twice: {}", kind(member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)));
    let sender = UdpSocket::bind("127.0.0.1:0")?;
    println!("ttl {} loop {}", sender.multicast_ttl_v4()?, sender.multicast_loop_v4()?);
    sender.set_multicast_ttl_v4(2)?;
    sender.set_multicast_loop_v4(false)?;
    println!("ttl {} loop {}", sender.multicast_ttl_v4()?, sender.multicast_loop_v4()?);
    println!("sent: {}", sender.send_to(b"to all", (group, port))?);
    println!("received: {}", member.recv(&mut [0; 16])?);
    member.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    println!("left: {}", kind(member.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)));
    member.set_nonblocking(true)?;
    sender.send_to(b"to none", (group, port))?;
    println!("after leaving: {}", kind(member.recv(&mut [0; 16])));
    Ok(())
}

fn main() -> io::Result<()> {
    messages("127.0.0.1")?;
    messages("::1")?;
    failures()?;
    groups()
}
