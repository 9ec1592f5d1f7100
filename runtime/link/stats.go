package link

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// stats returns the payload of STATS: memory in kB, and the process ID, to which
// Spectrum sends SIGABRT.
func (l *Link) stats() []byte {
	resident, shared := memory()
	payload, err := proto.Marshal(&pb.Stats{
		Res:     proto.Int32(resident),
		InitRes: proto.Int32(l.initRSS),
		Shared:  proto.Int32(shared),
		Id:      proto.String(strconv.Itoa(os.Getpid())),
	})
	if err != nil {
		panic(fmt.Sprintf("link: STATS: %v", err))
	}
	return payload
}

// memory returns the resident and shared memory of this process in kB, from /proc.
// Without /proc it returns the memory that Go has reserved, and 0.
func memory() (resident, shared int32) {
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, res, shr int64
		if n, _ := fmt.Sscan(string(data), &size, &res, &shr); n == 3 {
			page := int64(os.Getpagesize()) / 1024
			return int32(res * page), int32(shr * page)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int32(m.Sys / 1024), 0
}
