package chat

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"os"
	pathname "path"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/pb"
	"spectrumlua/runtime/files"
)

var fileCommands = []*command{
	{name: "send", usage: "/send FILE [TEXT]", needs: online, run: (*Chat).sendFile, about: "sends a file of this machine to your partner"},
	{name: "save", usage: "/save last|ADDRESS [FILE]", run: (*Chat).saveFile, words: []candidates{fixed("last"), nil}, about: "downloads the last file of your partner, or one at an address; without FILE, under its own name"},
}

// maxSent is the greatest size of a file that /send reads, in bytes.
const maxSent = 100 << 20

// saveTime limits a download, which may wait for a function of the script.
const saveTime = 2 * time.Minute

var errNoFile = errors.New("your partner has sent no file")

// sendFile uploads a file to the transport and sends its address, as clients do.
func (c *Chat) sendFile(l *call) error {
	path, err := l.word()
	if err != nil {
		return err
	}
	partner := c.people.me().partner
	if partner == "" {
		return errNoPartner
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("reading the file: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("reading the file: %s is not a regular file", path)
	case info.Size() > maxSent:
		return fmt.Errorf("the file is larger than %d MiB", maxSent>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	f, err := c.run.Upload(l.ctx, files.Meta{Owner: c.people.speaker(), Name: filepath.Base(path)}, string(data))
	if err != nil {
		return err
	}
	text := l.Rest()
	if text == "" {
		text = f.URL
	}
	return c.write(&pb.ConversationMessage{BuddyName: &partner, Message: &text, Attachment: []*pb.Attachment{
		{Url: &f.URL, Name: &f.Name, MimeType: &f.Type, Size: proto.Int64(f.Size)},
	}})
}

// saveFile downloads a file. It overwrites no file.
func (c *Chat) saveFile(l *call) error {
	which, err := l.word()
	if err != nil {
		return err
	}
	path, err := l.or("")
	if err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	if which == "last" {
		me := c.people.me()
		file, ok := me.files[me.partner]
		if !ok {
			return errNoFile
		}
		which = file.GetUrl()
		if path == "" {
			path = files.CleanName(file.GetName())
		}
	}
	ctx, cancel := context.WithTimeout(l.ctx, saveTime)
	defer cancel()
	f, err := c.run.Fetch(ctx, which)
	switch {
	case err != nil:
		return fmt.Errorf("the download failed: %w", err)
	case f.Status != 200:
		return fmt.Errorf("the server answers with the status %d", f.Status)
	}
	if path == "" {
		path = nameIn(which, f)
	}
	if err := create(path, f.Data); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	c.show.line(plainLine, fmt.Sprintf("saved %d bytes as %s", len(f.Data), printable(path)))
	return nil
}

// nameIn returns the name of a file: of the server, or the end of the address.
func nameIn(address string, f harness.Fetched) string {
	if _, params, err := mime.ParseMediaType(f.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return files.CleanName(params["filename"])
	}
	u, err := url.Parse(address)
	if err != nil {
		return files.CleanName("")
	}
	return files.CleanName(pathname.Base(u.Path))
}

// create writes a new file.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
