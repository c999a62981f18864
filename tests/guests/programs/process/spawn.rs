//! Child processes through std::process: this program runs itself in several roles.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

fn own(role: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role);
    Ok(command)
}

fn parent() -> io::Result<()> {
    let status = own("status")?.status()?;
    println!("status: {:?}", status.code());

    let mut upper = own("upper")?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    upper.stdin.take().expect("piped").write_all(b"through two pipes\n")?;
    let mut text = String::new();
    upper.stdout.take().expect("piped").read_to_string(&mut text)?;
    println!("upper: {text:?}, success {}", upper.wait()?.success());

    let output = own("environment")?.env_clear().env("ONLY", "this").current_dir("/tmp").output()?;
    println!("environment: {:?}", String::from_utf8_lossy(&output.stdout));

    let mut sleeper = own("sleep")?.spawn()?;
    println!("running: {}", sleeper.try_wait()?.is_none());
    sleeper.kill()?;
    println!("killed by: {:?}", sleeper.wait()?.signal());

    let missing = Command::new("/no/such/program").spawn();
    println!("missing: {:?}", missing.err().map(|error| error.kind()));
    let unfit = Command::new("/proc/self/auxv").spawn();
    println!("not executable: {:?}", unfit.err().map(|error| error.kind()));
    Ok(())
}

fn main() -> io::Result<ExitCode> {
    match env::args().nth(1).as_deref() {
        None => parent()?,
        Some("status") => return Ok(ExitCode::from(7)),
        Some("upper") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            print!("{}", text.to_uppercase());
        }
        Some("environment") => {
            let variables: Vec<_> = env::vars().collect();
            println!("{variables:?} in {:?}", env::current_dir()?);
            fs::metadata(".")?;
        }
        Some("sleep") => loop {
            std::thread::sleep(std::time::Duration::from_secs(1000));
        },
        Some(other) => println!("unknown role {other}"),
    }
    Ok(ExitCode::SUCCESS)
}
