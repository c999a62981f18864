//! An echo server and its clients in one thread, on mio: the registry's rules, edges, wake-ups, pipes and signals of peers.
//!
//!     mio NAME    one of the behaviours below
//!
//! What is printed has no ports and no orders of events in it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use mio::unix::pipe;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

const SOON: Option<Duration> = Some(Duration::from_millis(20));
const LATE: Option<Duration> = Some(Duration::from_secs(30));

/// Polls once; the events that came, by token.
fn seen(poll: &mut Poll, time: Option<Duration>) -> io::Result<BTreeMap<usize, String>> {
    let mut events = Events::with_capacity(64);
    poll.poll(&mut events, time)?;
    Ok(events
        .iter()
        .map(|event| {
            let flags = [
                (event.is_readable(), "readable"),
                (event.is_writable(), "writable"),
                (event.is_read_closed(), "read-closed"),
                (event.is_write_closed(), "write-closed"),
                (event.is_error(), "error"),
                (event.is_priority(), "priority"),
            ];
            let names: Vec<_> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
            (event.token().0, names.join("+"))
        })
        .collect())
}

struct Client {
    stream: TcpStream,
    to_send: Vec<u8>,
    received: Vec<u8>,
    ended: bool,
}

impl Client {
    /// Sends and receives until the socket would block.
    fn move_on(&mut self) -> io::Result<()> {
        while !self.to_send.is_empty() {
            match self.stream.write(&self.to_send) {
                Ok(count) => drop(self.to_send.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(error) => return Err(error),
            }
            if self.to_send.is_empty() {
                self.stream.shutdown(std::net::Shutdown::Write)?;
            }
        }
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
    input_ended: bool,
    ended: bool,
}

impl Connection {
    fn move_on(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            while !self.pending.is_empty() {
                match self.stream.write(&self.pending) {
                    Ok(count) => drop(self.pending.drain(..count)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
            if self.input_ended {
                self.ended = true;
                return self.stream.shutdown(std::net::Shutdown::Both).or(Ok(()));
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => self.input_ended = true,
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn echo() -> io::Result<()> {
    const CLIENTS: usize = 8;
    const SIZE: usize = 200_000;
    let mut poll = Poll::new()?;
    let both = Interest::READABLE | Interest::WRITABLE;
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
    poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        poll.registry().register(&mut stream, Token(1 + number), both)?;
        clients.push(Client { stream, to_send: vec![number as u8; SIZE], received: Vec::new(), ended: false });
    }
    let mut connections: Vec<Connection> = Vec::new();
    let mut events = Events::with_capacity(4);
    while !clients.iter().all(|client| client.ended) || !connections.iter().all(|connection| connection.ended) {
        poll.poll(&mut events, LATE)?;
        assert!(!events.is_empty(), "nothing happens any more");
        for event in &events {
            match event.token().0 {
                0 => loop {
                    match listener.accept() {
                        Ok((mut stream, _)) => {
                            let token = Token(1 + CLIENTS + connections.len());
                            poll.registry().register(&mut stream, token, both)?;
                            connections.push(Connection {
                                stream,
                                pending: Vec::new(),
                                input_ended: false,
                                ended: false,
                            });
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                },
                token if token <= CLIENTS => clients[token - 1].move_on()?,
                token => connections[token - 1 - CLIENTS].move_on()?,
            }
        }
    }
    for (number, client) in clients.iter().enumerate() {
        assert!(client.received.iter().all(|&byte| usize::from(byte) == number));
    }
    println!("{:?}", clients.iter().map(|client| client.received.len()).collect::<Vec<_>>());
    Ok(())
}

fn registry() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let (mut one, mut other) = UnixStream::pair()?;
    poll.registry().register(&mut one, Token(1), Interest::READABLE | Interest::WRITABLE)?;
    println!("twice: {}", poll.registry().register(&mut one, Token(2), Interest::READABLE).unwrap_err());
    println!("never: {}", poll.registry().reregister(&mut other, Token(2), Interest::READABLE).unwrap_err());
    println!("{:?}", seen(&mut poll, SOON)?);
    println!("an edge comes once: {:?}", seen(&mut poll, SOON)?);
    other.write_all(b"12345")?;
    println!("{:?}", seen(&mut poll, SOON)?);
    one.read_exact(&mut [0; 2])?;
    println!("the rest is no edge: {:?}", seen(&mut poll, SOON)?);
    other.write_all(b"6")?;
    println!("more is: {:?}", seen(&mut poll, SOON)?);
    poll.registry().reregister(&mut one, Token(3), Interest::READABLE)?;
    println!("anew: {:?}", seen(&mut poll, SOON)?);
    other.shutdown(std::net::Shutdown::Write)?;
    println!("{:?}", seen(&mut poll, SOON)?);
    drop(other);
    println!("{:?}", seen(&mut poll, SOON)?);
    poll.registry().deregister(&mut one)?;
    println!("{:?}", seen(&mut poll, SOON)?);
    println!("{}", poll.registry().deregister(&mut one).unwrap_err());
    let file = std::fs::File::open("/bin/mio")?;
    println!(
        "{}",
        poll.registry().register(&mut SourceFd(&file.as_raw_fd()), Token(4), Interest::READABLE).unwrap_err()
    );

    let begin = Instant::now();
    println!("{:?} {}", seen(&mut poll, SOON)?, begin.elapsed() >= SOON.unwrap());
    Ok(())
}

fn wakes() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let waker = std::sync::Arc::new(Waker::new(poll.registry(), Token(9))?);
    for threads in [1, 3] {
        let woken: Vec<_> = (0..threads)
            .map(|_| {
                let waker = waker.clone();
                std::thread::spawn(move || waker.wake())
            })
            .collect();
        for thread in woken {
            thread.join().unwrap()?;
        }
        println!("{:?} {:?}", seen(&mut poll, LATE)?, seen(&mut poll, SOON)?);
    }

    let (mut sender, mut receiver) = pipe::new()?;
    poll.registry().register(&mut receiver, Token(1), Interest::READABLE)?;
    poll.registry().register(&mut sender, Token(2), Interest::WRITABLE)?;
    println!("{:?}", seen(&mut poll, SOON)?);
    sender.write_all(b"pipe")?;
    println!("{:?}", seen(&mut poll, SOON)?);
    let mut full = 0;
    while let Ok(count) = sender.write(&[0; 4096]) {
        full += count;
    }
    println!("full after {full}");
    let mut all = vec![0; 70_000];
    println!("{}", receiver.read(&mut all)?);
    println!("{:?}", seen(&mut poll, SOON)?);
    drop(receiver);
    println!("{:?} {}", seen(&mut poll, SOON)?, sender.write(b"x").unwrap_err());
    Ok(())
}

fn peers() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    poll.registry().register(&mut stream, Token(1), Interest::READABLE | Interest::WRITABLE)?;
    println!("connected: {:?} {:?}", seen(&mut poll, LATE)?, stream.take_error()?);
    let (peer, _) = listener.accept()?;
    drop(listener);
    drop(peer);
    println!("closed: {:?}", seen(&mut poll, LATE)?);
    println!("{:?} {:?}", stream.read(&mut [0; 4])?, stream.write(b"unwanted")?);
    println!("reset: {:?}", seen(&mut poll, LATE)?);
    println!("{}", stream.write(b"again").unwrap_err());

    let vacant = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut refused = TcpStream::connect(vacant)?;
    poll.registry().register(&mut refused, Token(2), Interest::WRITABLE)?;
    println!("refused: {:?} {}", seen(&mut poll, LATE)?, refused.take_error()?.unwrap());

    let mut udp = UdpSocket::bind("[::1]:0".parse().unwrap())?;
    poll.registry().register(&mut udp, Token(3), Interest::READABLE)?;
    udp.send_to(b"to itself", udp.local_addr()?)?;
    println!("{:?} {}", seen(&mut poll, LATE)?, udp.recv(&mut [0; 64])?);
    println!("{}", udp.recv(&mut [0; 64]).unwrap_err());
    let (mut one, other) = UnixDatagram::pair()?;
    poll.registry().register(&mut one, Token(4), Interest::READABLE)?;
    other.send(b"datagram")?;
    println!("{:?} {}", seen(&mut poll, LATE)?, one.recv(&mut [0; 4])?);
    Ok(())
}

fn main() -> io::Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "echo" => echo(),
        "registry" => registry(),
        "wakes" => wakes(),
        "peers" => peers(),
        _ => Err(io::Error::other("no such behaviour")),
    }?;
    println!("{name}: done");
    Ok(())
}
