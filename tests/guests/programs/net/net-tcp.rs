//! TCP through std::net: both ends in one program, over 127.0.0.1 and ::1.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(20);

fn kind<T>(result: io::Result<T>) -> String {
    result.map_or_else(|error| format!("{:?}", error.kind()), |_| "no error".into())
}

fn pair(address: &str) -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((address, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, from) = listener.accept()?;
    assert_eq!(from, client.local_addr()?);
    assert_eq!(client.peer_addr()?, server.local_addr()?);
    Ok((client, server))
}

fn echo(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind((address, 0))?;
    let target = listener.local_addr()?;
    println!("listening on {}, IPv6: {}", target.ip(), target.is_ipv6());
    let server = thread::spawn(move || -> io::Result<usize> {
        let (mut stream, _) = listener.accept()?;
        let mut total = 0;
        let mut buffer = [0; 8];
        loop {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(total);
            }
            stream.write_all(&buffer[..count])?;
            total += count;
        }
    });
    let mut client = TcpStream::connect_timeout(&target, Duration::from_secs(5))?;
    client.write_all(b"ping")?;
    let mut answer = [0; 4];
    client.read_exact(&mut answer)?;
    println!("echo: {:?}", answer.escape_ascii().to_string());
    client.shutdown(Shutdown::Write)?;
    println!("end: {}", client.read(&mut answer)?);
    println!("server saw {} bytes", server.join().expect("no panic")?);
    Ok(())
}

fn transfers() -> io::Result<()> {
    let (mut client, mut server) = pair("127.0.0.1")?;
    let parts = [IoSlice::new(b"one "), IoSlice::new(b"two "), IoSlice::new(b"three")];
    println!("vectored: {}", client.write_vectored(&parts)?);
    let mut buffer = [0; 32];
    println!("peeked: {}", server.peek(&mut buffer[..5])?);
    let count = server.read(&mut buffer)?;
    println!("read: {:?}", buffer[..count].escape_ascii().to_string());

    let mut twin = client.try_clone()?;
    twin.write_all(b"twin")?;
    drop(client);
    println!("through the other half: {}", server.read(&mut buffer)?);
    twin.shutdown(Shutdown::Both)?;
    println!("after shutdown: {}, {}", server.read(&mut buffer)?, kind(twin.write(b"x")));
    println!("again: {}", kind(twin.shutdown(Shutdown::Write)));

    // More than the socket's buffers hold: the writer has to wait for the reader.
    let (mut client, mut server) = pair("::1")?;
    let writer = thread::spawn(move || client.write_all(&vec![7; 4 << 20]));
    let mut all = Vec::new();
    println!("long: {}", server.read_to_end(&mut all)?);
    println!("intact: {}", all.iter().all(|byte| *byte == 7));
    println!("written: {}", kind(writer.join().expect("no panic")));
    Ok(())
}

fn options() -> io::Result<()> {
    let (client, mut server) = pair("127.0.0.1")?;
    println!("nodelay: {} ttl: {}", client.nodelay()?, client.ttl()?);
    client.set_nodelay(true)?;
    client.set_ttl(9)?;
    println!("nodelay: {} ttl: {}", client.nodelay()?, client.ttl()?);
    println!("ttl 0: {}", kind(client.set_ttl(0)));
    println!("timeouts: {:?} {:?}", server.read_timeout()?, server.write_timeout()?);
    server.set_read_timeout(Some(SHORT))?;
    println!("timeout: {:?}, read: {}", server.read_timeout()?, kind(server.read(&mut [0; 4])));
    println!("zero: {}", kind(server.set_read_timeout(Some(Duration::ZERO))));
    server.set_read_timeout(None)?;
    server.set_nonblocking(true)?;
    println!("nonblocking: {}", kind(server.read(&mut [0; 4])));
    println!("no error: {:?}", client.take_error()?.map(|error| error.kind()));
    Ok(())
}

fn failures() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let taken = listener.local_addr()?;
    println!("taken: {}", kind(TcpListener::bind(taken)));
    println!("elsewhere: {}", kind(TcpListener::bind("192.0.2.1:0")));
    println!("unreachable: {}", kind(TcpStream::connect("192.0.2.1:9")));
    println!("unreachable: {}", kind(TcpStream::connect("[2001:db8::1]:9")));
    listener.set_nonblocking(true)?;
    println!("nobody: {}", kind(listener.accept()));
    drop(listener);
    println!("closed: {}", kind(TcpStream::connect(taken)));
    println!("closed: {}", kind(TcpStream::connect_timeout(&taken, Duration::from_secs(1))));
    println!("no name: {}", kind("127.0.0.1".to_socket_addrs()));

    // Closing with bytes that nobody has read is a reset.
    let (mut client, server) = pair("127.0.0.1")?;
    client.write_all(b"unread")?;
    server.peek(&mut [0; 1])?;
    drop(server);
    println!("reset: {}", kind(client.read(&mut [0; 1])));
    println!("then: {}", kind(client.write(b"x")));
    println!("peer: {}", kind(client.peer_addr()));

    let (mut client, server) = pair("127.0.0.1")?;
    drop(server);
    println!("closed by peer: {} {}", client.read(&mut [0; 1])?, kind(client.write(b"x")));
    println!("pipe: {}", matches!(client.write(b"x"), Err(e) if e.kind() == ErrorKind::BrokenPipe));
    Ok(())
}

fn both_families() -> io::Result<()> {
    let listener = TcpListener::bind("[::]:0")?;
    let port = listener.local_addr()?.port();
    let _client = TcpStream::connect(("127.0.0.1", port))?;
    let (stream, from) = listener.accept()?;
    let mapped = matches!(from, SocketAddr::V6(v6) if v6.ip().to_ipv4_mapped().is_some());
    println!("IPv4 at an IPv6 listener: {} mapped: {mapped}", stream.local_addr()?.ip());
    let _other = TcpStream::connect(("::1", port))?;
    println!("incoming: {}", listener.incoming().next().expect("endless")?.peer_addr()?.ip());
    Ok(())
}

fn main() -> io::Result<()> {
    echo("127.0.0.1")?;
    echo("::1")?;
    transfers()?;
    options()?;
    failures()?;
    both_families()
}
