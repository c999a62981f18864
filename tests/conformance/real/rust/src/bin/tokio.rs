//! A program on tokio's multi-thread runtime: timers, TCP, UNIX sockets, processes, signals, files.
//!
//!     tokio NAME    one of the behaviours below
//!
//! What is printed is the same in every run: no times, numbers of processes, ports or orders of tasks.

use std::io;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{broadcast, mpsc, oneshot, Barrier, Mutex, Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout, Instant, MissedTickBehavior};

const SOON: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_secs(30);

async fn timers() -> io::Result<()> {
    let begin = Instant::now();
    let mut sleeps = JoinSet::new();
    for milliseconds in [60u64, 10, 30, 20, 50, 40] {
        sleeps.spawn(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            milliseconds
        });
    }
    let mut ended = Vec::new();
    while let Some(milliseconds) = sleeps.join_next().await {
        ended.push(milliseconds.unwrap());
    }
    println!("in the order of their ends: {ended:?}, none too early: {}", begin.elapsed() >= Duration::from_millis(60));

    println!("a timeout: {}", timeout(SOON, std::future::pending::<()>()).await.unwrap_err());
    println!("none: {:?}", timeout(LATE, async { 7 }).await);

    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let first = ticks.tick().await;
    for _ in 0..5 {
        ticks.tick().await;
    }
    println!("five ticks later: {}", first.elapsed() >= Duration::from_millis(25));

    let sleeper = tokio::spawn(sleep(LATE));
    sleeper.abort();
    println!("aborted: {}", sleeper.await.unwrap_err().is_cancelled());
    Ok(())
}

async fn tasks() -> io::Result<()> {
    let (sender, mut receiver) = mpsc::channel(4);
    let barrier = Arc::new(Barrier::new(16));
    let total = Arc::new(Mutex::new(0u64));
    let permits = Arc::new(Semaphore::new(3));
    let inside = Arc::new(AtomicUsize::new(0));
    for number in 0..16u64 {
        let (sender, barrier, total) = (sender.clone(), barrier.clone(), total.clone());
        let (permits, inside) = (permits.clone(), inside.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            for value in 0..100 {
                *total.lock().await += value;
                if value % 10 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            let permit = permits.acquire().await.unwrap();
            assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
            sleep(Duration::from_millis(1)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(permit);
            sender.send(number).await.unwrap();
        });
    }
    drop(sender);
    let mut numbers = Vec::new();
    while let Some(number) = receiver.recv().await {
        numbers.push(number);
    }
    numbers.sort_unstable();
    println!("{numbers:?} {}", total.lock().await);

    let sums = (0..8u64).map(|n| tokio::task::spawn_blocking(move || (0..=n * 10_000).sum::<u64>()));
    let mut results = Vec::new();
    for sum in sums.collect::<Vec<_>>() {
        results.push(sum.await.unwrap());
    }
    println!("blocking: {results:?}");

    let (cast, _) = broadcast::channel(16);
    let listeners: Vec<_> = (0..3).map(|_| cast.subscribe()).collect();
    cast.send("to all").unwrap();
    for mut listener in listeners {
        print!("{} ", listener.recv().await.unwrap());
    }
    println!();

    let notify = Arc::new(Notify::new());
    let waiter = tokio::spawn({
        let notify = notify.clone();
        async move { notify.notified().await }
    });
    notify.notify_one();
    waiter.await.unwrap();
    let (send, receive) = oneshot::channel::<u32>();
    drop(send);
    println!("{}", receive.await.unwrap_err());
    println!("{}", tokio::spawn(async { panic!("in a task") }).await.unwrap_err().is_panic());
    Ok(())
}

async fn serve_line_by_line(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        writer.write_all(format!("<{line}>\n").as_bytes()).await?;
    }
    writer.shutdown().await
}

async fn tcp() -> io::Result<()> {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).await?;
        let server = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_line_by_line(stream));
            }
        });
        let mut clients = JoinSet::new();
        for number in 0..12 {
            clients.spawn(async move {
                let mut stream = TcpStream::connect(server).await?;
                for part in 0..20 {
                    stream.write_all(format!("{number}:{part}\n").as_bytes()).await?;
                }
                stream.shutdown().await?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await?;
                io::Result::Ok(answer.lines().filter(|line| line.starts_with(&format!("<{number}:"))).count())
            });
        }
        let mut answers = 0;
        while let Some(count) = clients.join_next().await {
            answers += count.unwrap()?;
        }
        serving.abort();
        println!("{answers} answers, IPv6 {}", server.is_ipv6());
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    let bulk = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut received = vec![0; 3_000_000];
        stream.read_exact(&mut received).await?;
        stream.set_zero_linger()?;
        io::Result::Ok(received.iter().map(|&byte| u64::from(byte)).sum::<u64>())
    });
    let mut stream = TcpStream::connect(server).await?;
    let sent: Vec<u8> = (0..3_000_000u32).map(|number| (number % 251) as u8).collect();
    stream.write_all(&sent).await?;
    println!("{}", bulk.await.unwrap()? == sent.iter().map(|&byte| u64::from(byte)).sum::<u64>());
    println!("{:?}", stream.read(&mut [0; 8]).await.map_err(|error| error.kind()));
    println!("{}", TcpStream::connect(server).await.unwrap_err());
    println!("{}", TcpListener::bind("192.0.2.1:80").await.unwrap_err());
    Ok(())
}

async fn datagrams() -> io::Result<()> {
    let (one, other) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    one.connect(other.local_addr()?).await?;
    one.send(b"by name").await?;
    let mut buffer = [0; 64];
    let (size, from) = other.recv_from(&mut buffer).await?;
    println!("{:?} {}", std::str::from_utf8(&buffer[..size]), from == one.local_addr()?);
    println!("{:?}", other.try_recv(&mut buffer).map_err(|error| error.kind()));
    println!("{}", timeout(SOON, other.recv(&mut buffer)).await.is_err());
    drop(other);
    one.send(b"to nobody").await?;
    println!("{}", one.recv(&mut buffer).await.unwrap_err());

    let (left, right) = UnixDatagram::pair()?;
    left.send(b"datagram").await?;
    println!("{}", right.recv(&mut buffer).await?);
    println!("{}", UnixStream::connect("/tmp/nobody-listens").await.unwrap_err());
    let listener = UnixListener::bind("/tmp/tokio-socket")?;
    let client = tokio::spawn(async { UnixStream::connect("/tmp/tokio-socket").await?.write_all(b"stream").await });
    let (mut stream, _) = listener.accept().await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    client.await.unwrap()?;
    println!("{text} {}", stream.peer_cred()?.pid() == Some(std::process::id() as i32));
    Ok(())
}

async fn processes() -> io::Result<()> {
    let output = Command::new("/bin/sh").args(["-c", "echo out; echo err >&2; exit 3"]).output().await?;
    println!("{:?} {:?} {:?}", output.status.code(), output.stdout, output.stderr);

    let mut cat = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut input, mut pipe) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
    let writing = tokio::spawn(async move { input.write_all(&vec![b'x'; 300_000]).await });
    let mut text = Vec::new();
    pipe.read_to_end(&mut text).await?;
    writing.await.unwrap()?;
    println!("{} {}", text.len(), cat.wait().await?.success());

    let mut sleeper = Command::new("/bin/sleep").arg("60").kill_on_drop(true).spawn()?;
    println!("{}", timeout(SOON, sleeper.wait()).await.is_err());
    sleeper.start_kill()?;
    println!("{}", sleeper.wait().await?);

    let mut children = JoinSet::new();
    for status in 0..10 {
        children.spawn(async move { Command::new("/bin/sh").args(["-c", &format!("exit {status}")]).status().await });
    }
    let mut codes = Vec::new();
    while let Some(status) = children.join_next().await {
        codes.push(status.unwrap()?.code());
    }
    codes.sort_unstable();
    println!("{codes:?}");
    println!("{}", Command::new("/no/such/program").status().await.unwrap_err());
    Ok(())
}

async fn signals() -> io::Result<()> {
    let mut first = signal(SignalKind::user_defined1())?;
    let mut second = signal(SignalKind::user_defined2())?;
    let mut child = signal(SignalKind::child())?;
    let kill = |name: &str| Command::new("/bin/kill").args([name, &std::process::id().to_string()]).status();
    for name in ["-USR1", "-USR2", "-USR1"] {
        let sending = kill(name);
        tokio::select! {
            _ = first.recv() => println!("SIGUSR1"),
            _ = second.recv() => println!("SIGUSR2"),
            () = sleep(LATE) => println!("nothing"),
        }
        println!("{}", sending.await?.success());
    }
    println!("SIGCHLD {}", timeout(LATE, child.recv()).await.is_ok());
    println!("{}", timeout(SOON, first.recv()).await.is_err());
    println!("{}", signal(SignalKind::from_raw(9)).unwrap_err());
    Ok(())
}

async fn files() -> io::Result<()> {
    use tokio::fs;
    fs::create_dir_all("/tmp/tokio/deep/er").await?;
    for number in 0..10 {
        fs::write(format!("/tmp/tokio/file{number}"), vec![b'0' + number; 1000]).await?;
    }
    let mut names = Vec::new();
    let mut folder = fs::read_dir("/tmp/tokio").await?;
    while let Some(entry) = folder.next_entry().await? {
        names.push((entry.file_name(), entry.metadata().await?.is_dir()));
    }
    names.sort();
    println!("{names:?}");
    println!("{}", fs::copy("/tmp/tokio/file3", "/tmp/tokio/copy").await?);
    fs::rename("/tmp/tokio/copy", "/tmp/tokio/moved").await?;
    println!("{:?}", &fs::read("/tmp/tokio/moved").await?[..4]);
    println!("{}", fs::remove_dir("/tmp/tokio/deep").await.unwrap_err());
    fs::remove_dir_all("/tmp/tokio").await?;
    println!("{}", fs::metadata("/tmp/tokio").await.unwrap_err());

    let (sender, mut receiver) = tokio::net::unix::pipe::pipe()?;
    let writing = tokio::spawn(async move {
        let mut sender = sender;
        sender.write_all(&[7; 200_000]).await
    });
    let mut bytes = Vec::new();
    receiver.read_to_end(&mut bytes).await?;
    writing.await.unwrap()?;
    println!("{}", bytes.len());
    Ok(())
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    std::panic::set_hook(Box::new(|_| println!("a task panics")));
    let name = std::env::args().nth(1).unwrap_or_default();
    runtime.block_on(async {
        match name.as_str() {
            "timers" => timers().await,
            "tasks" => tasks().await,
            "tcp" => tcp().await,
            "datagrams" => datagrams().await,
            "processes" => processes().await,
            "signals" => signals().await,
            "files" => files().await,
            _ => Err(io::Error::other("no such behaviour")),
        }
    })?;
    runtime.shutdown_timeout(LATE);
    println!("{name}: done");
    Ok(())
}
