package qrcode

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	goqr "github.com/piglig/go-qr"
)

func TestPNGIsAReadableCode(t *testing.T) {
	for _, text := range []string{"https://example.net/login?code=A1", "héllo – 你好", "0123456789", "HTTPS://EXAMPLE.NET/A1", "", strings.Repeat("x", 2000)} {
		code, err := New(text)
		if err != nil {
			t.Fatal(err)
		}
		data, err := code.PNG()
		if err != nil {
			t.Fatal(err)
		}
		picture, _, err := image.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := goqr.Decode(picture); err != nil || got != text {
			t.Errorf("the code of %.40q reads as %.40q (%v)", text, got, err)
		}
		if again := FromPicture(data); !slices.EqualFunc(again, code, slices.Equal) {
			t.Errorf("the picture of %.40q is another code", text)
		}
	}
}

func TestTextThatDoesNotFitIsAnError(t *testing.T) {
	if _, err := New(strings.Repeat("x", 2953)); err != nil {
		t.Error(err)
	}
	if _, err := New(strings.Repeat("x", 2954)); !errors.Is(err, ErrTooLong) || err.Error() != "the text is too long for a QR code: it has 2954 bytes" {
		t.Errorf("got %v", err)
	}
}

func TestBlocksHaveALightBorder(t *testing.T) {
	code, err := New("hello")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(code.Blocks(), "\n")
	if len(lines) != 15 || lines[0] != strings.Repeat("█", 29) || []rune(lines[2])[4] != ' ' {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
}

func TestOtherPicturesAreNoCode(t *testing.T) {
	var photo, empty bytes.Buffer
	grey := image.NewGray(image.Rect(0, 0, 100, 100))
	if err := png.Encode(&empty, grey); err != nil {
		t.Fatal(err)
	}
	for i := range grey.Pix {
		grey.Pix[i] = byte(i)
	}
	if err := png.Encode(&photo, grey); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a photo": photo.Bytes(), "one colour": empty.Bytes(), "no picture": []byte("hello"), "nothing": nil} {
		if code := FromPicture(data); code != nil {
			t.Errorf("%s is a code", name)
		}
	}
}
