//! A pool of threads that take jobs from one queue: which of them does a job, and what it did before, is the
//! schedule's. The output is not.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
use std::time::Duration;

const WORKERS: usize = 4;
const JOBS: usize = 12;

struct Job {
    number: usize,
    path: PathBuf,
}

/// Three kinds of job, so that what a worker does next follows from the job and not from the worker.
fn work(job: &Job) -> usize {
    // Others take jobs meanwhile.
    thread::sleep(Duration::from_millis(1));
    let text = format!("job {} of the pool\n", job.number).repeat(job.number + 1);
    match job.number % 3 {
        0 => {
            fs::write(&job.path, &text).expect("write");
            let read = fs::read_to_string(&job.path).expect("read");
            fs::remove_file(&job.path).expect("remove");
            read.len()
        }
        1 => {
            let mut file = File::options().create(true).read(true).write(true).open(&job.path).expect("open");
            for line in text.lines() {
                file.write_all(line.as_bytes()).expect("write");
            }
            file.rewind().expect("rewind");
            let mut bytes = Vec::new();
            let length = file.read_to_end(&mut bytes).expect("read");
            fs::remove_file(&job.path).expect("remove");
            length
        }
        _ => {
            let before = fs::metadata(&job.path).is_ok();
            fs::create_dir(&job.path).expect("create");
            let after = fs::metadata(&job.path).expect("metadata").is_dir();
            fs::remove_dir(&job.path).expect("remove");
            usize::from(before) + 2 * usize::from(after)
        }
    }
}

fn main() {
    // The first look for a file that is not there makes std ask whether the kernel has statx at all: not twice.
    assert!(fs::metadata("/tmp/pool").is_err());
    let (submit, queue) = mpsc::channel::<Job>();
    let (answer, answers) = mpsc::channel();
    let queue = Arc::new(Mutex::new(queue));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let queue = Arc::clone(&queue);
            let answer = answer.clone();
            thread::spawn(move || loop {
                let job = queue.lock().expect("not poisoned").recv();
                let Ok(job) = job else { break };
                answer.send((job.number, work(&job))).expect("send");
            })
        })
        .collect();
    drop(answer);
    for number in 0..JOBS {
        submit.send(Job { number, path: format!("/tmp/pool-{number}").into() }).expect("send");
    }
    drop(submit);
    let mut results: Vec<_> = answers.iter().collect();
    workers.into_iter().for_each(|worker| worker.join().expect("join"));
    results.sort_unstable();
    for (number, result) in results {
        println!("job {number}: {result}");
    }
}
