"""Real programs of Debian's: the same scripts, run on the kernel and on Debian's Linux, must end and say the same.

    debian_programs_test.py [PROGRAM...]

Programs: bash, busybox, python. What they print has no times, numbers of processes or addresses in it.
"""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from real_programs import RealProgramsTest, fetch, furnish

LIBRARIES = ("libc6", "libgcc-s1")
PACKAGES = {
    "bash": ("bash", "libtinfo6", "busybox-static"),
    "busybox": ("busybox-static",),
    "python": ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "zlib1g", "libexpat1",
               "busybox-static"),
}
EXECUTABLES = {"bash": "bin/bash", "busybox": "bin/busybox", "python": "usr/bin/python3.11"}
ARGUMENTS = {"bash": ["-c"], "busybox": ["sh", "-c"], "python": ["-c"]}
# What busybox stands in for.
APPLETS = ("cat", "diff", "env", "false", "head", "ls", "mkfifo", "seq", "sh", "sleep", "sort", "tail", "tr", "true", "wc", "yes")

BASH = {
    "process substitution": "diff <(seq 1 3) <(seq 2 4); echo $?; cat <(echo a) <(echo b); echo c > >(cat); wait",
    "standard input by name": "echo given | cat /dev/stdin; cat /dev/fd/3 3<<< here; cat /proc/self/fd/0 <<< there",
    "pipes": "set -o pipefail; seq 1000 | head -1; echo ${PIPESTATUS[*]}; false | true; echo $?; yes 2>/dev/null | head -c 4",
    "jobs": "for i in 3 1 2; do (exit $i) & p[$i]=$!; done; for i in 1 2 3; do wait ${p[$i]}; echo $?; done; wait -n; echo $?",
    "traps": "trap 'echo usr1' USR1; trap 'echo bye' EXIT; kill -USR1 $$; (trap - EXIT; kill -TERM $BASHPID); echo $?",
    "coprocess": "coproc tr a-z A-Z; echo hello >&${COPROC[1]}; eval \"exec ${COPROC[1]}>&-\"; cat <&${COPROC[0]}; wait",
    "time limits": "read -t 0.1 line < <(sleep 5); echo $?; read -t 5 line <<< quick; echo $? $line",
    "files": "cd /tmp; mkfifo f; echo through > f & cat f; exec 5<>f; echo kept >&5; read -u 5 x; echo $x; "
    "set -C; echo 1 > g; echo 2 > g; echo $?; [[ g -nt f ]]; umask 027; : > h; ls -l h | head -c 10",
    "descriptors": "exec 7>/tmp/out; echo seven >&7; exec 7>&-; echo x >&7; echo $?; cat /tmp/out; ulimit -n 20; ulimit -n",
}
BUSYBOX = {
    "shell": "seq 1 20 | grep 1 | sort -rn | head -3; echo $((7 * 6)); false || echo $?; wc -l < /bin/script",
    "files": "cd /tmp; mkdir -p a/b; echo 1 > a/b/c; ln -s b a/l; find a | sort; tar cf - a | tar tf - | sort; "
    "dd if=/dev/zero of=z bs=1000 count=3 2>/dev/null; stat -c %s z; cp -r a d; rm -rf a; ls d; du -a d | wc -l",
    "compression": "seq 1 3000 | gzip | gzip -d | md5sum; seq 1 3000 | bzip2 | bunzip2 | sha1sum",
    "processes": "sleep 0.2 & wait $!; echo $?; timeout 0.2 sleep 9; echo $?; setsid true; echo $?; echo a | xargs -n 1 echo",
    "loopback": "nc -l -p 4321 > /tmp/got & sleep 0.3; echo hello | nc 127.0.0.1 4321; wait; cat /tmp/got",
}
PYTHON = {
    "subprocess": """
import subprocess, sys
print(subprocess.run(['cat'], input=b'x' * 300000, capture_output=True).stdout.count(b'x'))
print(subprocess.run(['sh', '-c', 'exit 3']).returncode, subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
try:
    subprocess.run(['sleep', '5'], timeout=0.2)
except subprocess.TimeoutExpired:
    print('timeout')
try:
    subprocess.run(['/no/such'])
except OSError as error:
    print(error)
with subprocess.Popen(['sort'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
    print(process.communicate('b\\na\\n')[0].split())
""",
    "socket": """
import socket, threading
for family, address in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_INET6, ('::1', 0)), (socket.AF_UNIX, '/tmp/s')):
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(address)
    server.listen()
    def serve():
        with server.accept()[0] as peer:
            while data := peer.recv(1000):
                peer.sendall(data.upper())
    thread = threading.Thread(target=serve)
    thread.start()
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(server.getsockname())
        client.sendall(b'hello' * 1000)
        client.shutdown(socket.SHUT_WR)
        got = b''
        while data := client.recv(4096):
            got += data
    thread.join()
    print(family.name, len(got), got[:5])
one, other = socket.socketpair(type=socket.SOCK_DGRAM)
one.settimeout(0.1)
try:
    one.recv(10)
except TimeoutError as error:
    print('timed out', error)
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.bind(('127.0.0.1', 0))
a.sendto(b'datagram', a.getsockname())
data, sender = a.recvfrom(100)
print(data, sender == a.getsockname())
try:
    socket.create_connection(('127.0.0.1', 9))
except OSError as error:
    print(error)
""",
    "asyncio": """
import asyncio, signal, os
async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(b'<' + line)
        await writer.drain()
    writer.close()
async def client(port, number):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(b'%d\\n' % number)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line
async def main():
    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    print(await asyncio.gather(*(client(port, number) for number in range(8))))
    process = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await process.communicate(b'through cat'))
    got = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(got.wait(), 5)
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.1)
    except TimeoutError:
        print('timeout')
    print(await asyncio.to_thread(sum, range(10)))
    server.close()
asyncio.run(main())
""",
    "files and processes": """
import mmap, os, select, shutil, signal, tempfile, time
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'file')
    with open(path, 'w+b') as file:
        file.write(b'0123456789' * 1000)
        file.flush()
        with mmap.mmap(file.fileno(), 0) as memory:
            memory[3] = ord('x')
            print(memory.find(b'x'), len(memory))
    shutil.copy(path, path + '2')
    os.rename(path + '2', path + '3')
    print(sorted(os.listdir(folder)), os.stat(path).st_size)
    os.symlink('file', path + '4')
    print(os.readlink(path + '4'), [entry.is_symlink() for entry in sorted(os.scandir(folder), key=lambda e: e.name)])
child = os.fork()
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
reader, writer = os.pipe()
poller = select.epoll()
poller.register(reader, select.EPOLLIN)
print(poller.poll(0.05))
os.write(writer, b'1')
print(poller.poll(5)[0][1])
signal.signal(signal.SIGALRM, lambda *_: print('alarm'))
signal.setitimer(signal.ITIMER_REAL, 0.1)
signal.pause()
begin = time.monotonic()
time.sleep(0.2)
print(0.2 <= time.monotonic() - begin < 1, time.process_time() < 30)
""",
}
SCRIPTS = {"bash": BASH, "busybox": BUSYBOX, "python": PYTHON}


class DebianProgramsTest(RealProgramsTest):
    def judge(self, program: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for package in (*LIBRARIES, *PACKAGES[program]):
                fetch(package, root)
            shutil.rmtree(root / "usr" / "share", ignore_errors=True)
            furnish(root, APPLETS)
            (root / "bin" / "script").write_text("1\n2\n3\n")
            for name, script in SCRIPTS[program].items():
                with self.subTest(program=program, script=name):
                    self.compare(root, root / EXECUTABLES[program], *ARGUMENTS[program], script)

    def test_bash(self) -> None:
        self.judge("bash")

    def test_busybox(self) -> None:
        self.judge("busybox")

    def test_python(self) -> None:
        self.judge("python")


if __name__ == "__main__":
    wanted = [f"DebianProgramsTest.test_{program}" for program in sys.argv[1:]]
    unittest.main(argv=[sys.argv[0], *wanted])
