//! Ends by SIGABRT, with output that is written before and a destructor that must not run.

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        println!("a destructor ran after abort");
    }
}

fn main() {
    let _guard = Guard;
    println!("before abort");
    std::process::abort();
}
