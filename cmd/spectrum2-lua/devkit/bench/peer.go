package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Peer plays the network of the waiting sessions. It listens on a loopback port, writes its
// address to out, accepts all connections and keeps them open. It returns when in ends or
// when it cannot accept. It needs its own process, because its connections count against the
// limit of descriptors.
func Peer(in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		_ = listener.Close()
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = listener.Close()
	}()
	var conns []net.Conn
	defer func() {
		_ = listener.Close()
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		conns = append(conns, conn)
	}
}

// startPeer starts Peer's executable and returns its address. The process ends with ctx,
// with this process, or with stop, which waits for it and returns its error.
func startPeer(ctx context.Context, b Backend) (address string, stop func() error, err error) {
	cmd := exec.CommandContext(ctx, b.Path, b.Leading...)
	cmd.WaitDelay = time.Second
	var complaint strings.Builder
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("the peer: %w", err)
	}
	stop = sync.OnceValue(func() error {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the peer: %w\n%s", err, complaint.String())
		}
		return nil
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the peer has no address: %w", err), stop())
	}
	return strings.TrimSpace(line), stop, nil
}

// spareDescriptors is the number of descriptors that a process needs for other things
// than the connections of its sessions.
const spareDescriptors = 100

// affordable returns the number of sessions, at most wanted, for which a process may
// have descriptors. A Go program raises its soft limit to the hard one when it starts,
// so that this process and the backend have the same limit.
func affordable(wanted int) (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	const unlimited = 1 << 30 // RLIM_INFINITY does not fit into an int of 32 bits
	most := int(min(limit.Cur, unlimited))
	if most <= spareDescriptors {
		return 0, fmt.Errorf("a process may have only %d descriptors", most)
	}
	return min(wanted, most-spareDescriptors), nil
}
