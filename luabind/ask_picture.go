package luabind

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/files"
)

// pictureLink is the picture of a question as a shared file, for clients that show neither
// pictures in messages nor those in forms. It is there until the question ends, because the
// picture may be a secret, such as a code for a login.
type pictureLink struct {
	host *Host
	file files.File
}

// add shares the picture if the transport shares files. Without a link, the question is
// asked all the same.
func (p *pictureLink) add(l *lua.LState, q *pb.Question) {
	service := p.host.opts.Files
	if len(q.GetPicture()) == 0 || !service.On() {
		return
	}
	mime := http.DetectContentType(q.GetPicture())
	meta := files.Meta{
		Owner: q.GetUserName(), Name: "picture." + strings.TrimPrefix(mime, "image/"), Type: mime, Size: int64(len(q.GetPicture())),
	}
	err := bind.Wait(l, func(ctx context.Context) (err error) {
		p.file, err = service.Add(ctx, meta, bytes.NewReader(q.GetPicture()))
		return err
	})
	if err != nil {
		p.host.log.WithField("user", q.GetUserName()).Warnf("the picture of a question has no link: %v", err)
		return
	}
	q.Attachment = []*pb.Attachment{{Url: &p.file.URL, Name: &p.file.Name, MimeType: &p.file.Type, Size: &p.file.Size}}
}

func (p *pictureLink) remove() {
	if p.file.URL != "" {
		p.host.opts.Files.Remove(p.file)
	}
}
