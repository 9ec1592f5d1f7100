package link

import (
	"fmt"
	"os"
	"strconv"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/memory"
)

// stats returns the payload of STATS: memory in kB, and the process ID, to which
// Spectrum sends SIGABRT.
func (l *Link) stats() []byte {
	resident, shared := memory.Resident()
	payload, err := proto.Marshal(&pb.Stats{
		Res:     proto.Int32(int32(resident >> 10)),
		InitRes: proto.Int32(l.initRSS),
		Shared:  proto.Int32(int32(shared >> 10)),
		Id:      proto.String(strconv.Itoa(os.Getpid())),
	})
	if err != nil {
		panic(fmt.Sprintf("link: STATS: %v", err))
	}
	return payload
}
