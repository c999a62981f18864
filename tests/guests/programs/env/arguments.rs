//! Prints its arguments, environment and working directory, and exits with the status that the environment
//! variable STATUS asks for.

use std::env;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

fn main() -> ExitCode {
    for (index, argument) in env::args_os().enumerate() {
        println!("argument {index}: {:?}", argument.into_vec().escape_ascii().to_string());
    }
    // In the order of the vector that the kernel passed.
    for (name, value) in env::vars_os() {
        println!("environment: {name:?} = {value:?}");
    }
    println!("working directory: {:?}", env::current_dir().expect("getcwd"));
    println!("executable: {:?}", env::current_exe().expect("/proc/self/exe"));
    let status = env::var("STATUS").ok().and_then(|text| text.parse::<u8>().ok());
    ExitCode::from(status.unwrap_or(0))
}
