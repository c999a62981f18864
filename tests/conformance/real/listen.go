// A Go program that listens and dials: TCP, UDP and UNIX sockets, deadlines, processes, signals, many goroutines.
//
//	listen NAME    one of the behaviours below
//
// What is printed has no times, ports or numbers of processes in it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// cause is what the kernel said, without the addresses that are around it.
func cause(err error) string {
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		return number.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "deadline"
	case errors.Is(err, net.ErrClosed):
		return "closed"
	}
	return fmt.Sprint(err)
}

func serve(listener net.Listener, served *sync.WaitGroup) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Println("accept:", cause(err))
			served.Done()
			return
		}
		go func() {
			defer connection.Close()
			lines := bufio.NewScanner(connection)
			for lines.Scan() {
				fmt.Fprintln(connection, strings.ToUpper(lines.Text()))
			}
		}()
	}
}

func streams() {
	for _, where := range [][2]string{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}, {"tcp", ":0"}, {"unix", "/tmp/listen"}, {"unix", "@abstract"}, {"unixpacket", "/tmp/packet"}} {
		listener, err := net.Listen(where[0], where[1])
		must(err)
		var served, clients sync.WaitGroup
		served.Add(1)
		go serve(listener, &served)
		var answers atomic.Int64
		for client := 0; client < 10; client++ {
			clients.Add(1)
			go func(client int) {
				defer clients.Done()
				connection, err := net.Dial(listener.Addr().Network(), listener.Addr().String())
				must(err)
				defer connection.Close()
				reader := bufio.NewReader(connection)
				for line := 0; line < 20; line++ {
					fmt.Fprintf(connection, "line %d of %d\n", line, client)
					answer, err := reader.ReadString('\n')
					must(err)
					if answer == fmt.Sprintf("LINE %d OF %d\n", line, client) {
						answers.Add(1)
					}
				}
			}(client)
		}
		clients.Wait()
		_, err = net.Listen(where[0], listener.Addr().String())
		fmt.Println(where[0], answers.Load(), "again:", cause(err))
		must(listener.Close())
		served.Wait()
	}
	_, err := os.Stat("/tmp/listen")
	fmt.Println("unlinked:", os.IsNotExist(err))
	_, err = net.Dial("unix", "/tmp/listen")
	fmt.Println(cause(err))
	_, err = net.Listen("tcp", "192.0.2.1:0")
	fmt.Println(cause(err))
}

func deadlines() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	must(listener.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err = listener.Accept()
	fmt.Println("accept:", cause(err))
	must(listener.(*net.TCPListener).SetDeadline(time.Time{}))
	client, err := net.DialTimeout("tcp", listener.Addr().String(), time.Minute)
	must(err)
	server, err := listener.Accept()
	must(err)
	must(client.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err = client.Read(make([]byte, 1))
	fmt.Println("read:", cause(err))
	must(client.SetDeadline(time.Now().Add(50 * time.Millisecond)))
	for err = nil; err == nil; {
		_, err = client.Write(make([]byte, 1<<16))
	}
	fmt.Println("write:", cause(err))
	must(client.SetDeadline(time.Time{}))

	reading := make(chan error)
	go func() {
		_, err := client.Read(make([]byte, 1))
		reading <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(client.Close())
	fmt.Println("read:", cause(<-reading))
	must(server.(*net.TCPConn).SetLinger(0))
	must(server.Close())

	one, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	other, err := net.Dial("udp", one.LocalAddr().String())
	must(err)
	fmt.Fprint(other, "a datagram")
	buffer := make([]byte, 100)
	count, from, err := one.ReadFrom(buffer)
	must(err)
	fmt.Println(string(buffer[:count]), from.String() == other.LocalAddr().String())
	must(one.Close())
	fmt.Fprint(other, "another")
	_, err = other.Read(buffer)
	fmt.Println(cause(err))

	interfaces, err := net.Interfaces()
	must(err)
	for _, each := range interfaces {
		if each.Flags&net.FlagLoopback != 0 {
			addresses, err := each.Addrs()
			must(err)
			fmt.Println(each.Name, each.MTU, each.Flags, addresses)
		}
	}
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprint(answer, "hello ", request.URL.Query().Get("name"))
	})
	mux.HandleFunc("/echo", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		must(err)
		answer.Write(body)
	})
	go http.Serve(listener, mux)
	base := "http://" + listener.Addr().String()
	for _, path := range []string{"/hello?name=you", "/nothing"} {
		answer, err := http.Get(base + path)
		must(err)
		text, err := io.ReadAll(answer.Body)
		must(err)
		answer.Body.Close()
		fmt.Printf("%s %q\n", answer.Status, text)
	}
	answer, err := http.Post(base+"/echo", "text/plain", strings.NewReader(strings.Repeat("echo ", 50000)))
	must(err)
	text, err := io.ReadAll(answer.Body)
	must(err)
	fmt.Println(answer.Status, len(text))
}

func processes() {
	output, err := exec.Command("/bin/sh", "-c", "echo out; exit 4").Output()
	fmt.Printf("%q %v\n", output, err)
	cat := exec.Command("/bin/cat")
	cat.Stdin = strings.NewReader(strings.Repeat("x", 200000))
	output, err = cat.Output()
	fmt.Println(len(output), err)
	sleeper := exec.Command("/bin/sleep", "60")
	must(sleeper.Start())
	must(sleeper.Process.Signal(syscall.SIGTERM))
	fmt.Println(sleeper.Wait())
	_, err = exec.Command("/no/such/program").Output()
	fmt.Println(cause(err))

	caught := make(chan os.Signal, 4)
	signal.Notify(caught, syscall.SIGUSR1, syscall.SIGHUP)
	for _, number := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP} {
		must(syscall.Kill(os.Getpid(), number))
		fmt.Println(<-caught)
	}

	reader, writer, err := os.Pipe()
	must(err)
	must(reader.SetReadDeadline(time.Now().Add(10 * time.Millisecond)))
	_, err = reader.Read(make([]byte, 1))
	fmt.Println(cause(err))
	must(writer.Close())
	must(reader.SetReadDeadline(time.Time{}))
	_, err = reader.Read(make([]byte, 1))
	fmt.Println(err)
	must(os.MkdirAll("/tmp/a/b", 0o755))
	must(os.WriteFile("/tmp/a/b/c", []byte("text"), 0o600))
	entries, err := os.ReadDir("/tmp/a")
	must(err)
	fmt.Println(entries[0].Name(), entries[0].IsDir(), os.Remove("/tmp/a"), os.RemoveAll("/tmp/a"))
}

func goroutines() {
	results := make(chan int)
	var lock sync.Mutex
	var total int
	for number := 0; number < 200; number++ {
		go func(number int) {
			for step := 0; step < 50; step++ {
				lock.Lock()
				total += number
				lock.Unlock()
			}
			results <- number
		}(number)
	}
	var all []int
	for range [200]struct{}{} {
		all = append(all, <-results)
	}
	sort.Ints(all)
	fmt.Println(len(all), all[199], total)
	begin := time.Now()
	ticker := time.NewTicker(2 * time.Millisecond)
	for range [5]struct{}{} {
		<-ticker.C
	}
	fmt.Println(time.Since(begin) >= 10*time.Millisecond)
	select {
	case <-results:
	case <-time.After(5 * time.Millisecond):
		fmt.Println("nothing more")
	}
	defer func() { fmt.Println("recovered:", recover()) }()
	var nobody *sync.Mutex
	nobody.Lock()
}

func main() {
	behaviours := map[string]func(){
		"streams": streams, "deadlines": deadlines, "web": web, "processes": processes, "goroutines": goroutines,
	}
	name := strings.Join(os.Args[1:], " ")
	behaviours[name]()
	fmt.Println(name + ": done")
}
