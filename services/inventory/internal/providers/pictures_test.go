package providers

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

// halves returns a picture, the left half red and the right half blue.
func halves(w, h int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	return picture
}

// written returns a picture as a JPEG of a camera that was held in this way.
func written(t *testing.T, picture image.Image, orientation uint16, order binary.AppendByteOrder) []byte {
	t.Helper()
	var file bytes.Buffer
	must.Do(t, jpeg.Encode(&file, picture, nil))
	exif := []byte("Exif\x00\x00MM\x00\x2a")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		exif = []byte("Exif\x00\x00II\x2a\x00")
	}
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 1)
	exif = order.AppendUint16(order.AppendUint16(exif, 0x0112), 3)
	exif = order.AppendUint32(exif, 1)
	exif = order.AppendUint32(order.AppendUint16(order.AppendUint16(exif, orientation), 0), 0)
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2))
	return append(append(append([]byte{}, file.Bytes()[:2]...), append(segment, exif...)...), file.Bytes()[2:]...)
}

func TestRead_turnsWhatTheCameraTurned(t *testing.T) {
	red := func(p image.Image, x, y int) bool {
		r, _, b, _ := p.At(x, y).RGBA()
		return r > b
	}
	for orientation, want := range map[uint16]struct {
		size image.Point
		red  image.Point // a red point; the one opposite of it is blue
	}{
		0: {image.Pt(40, 20), image.Pt(2, 10)}, 1: {image.Pt(40, 20), image.Pt(2, 10)}, 2: {image.Pt(40, 20), image.Pt(37, 10)},
		3: {image.Pt(40, 20), image.Pt(37, 10)}, 4: {image.Pt(40, 20), image.Pt(2, 10)}, 5: {image.Pt(20, 40), image.Pt(10, 2)},
		6: {image.Pt(20, 40), image.Pt(10, 2)}, 7: {image.Pt(20, 40), image.Pt(10, 37)}, 8: {image.Pt(20, 40), image.Pt(10, 37)},
		9: {image.Pt(40, 20), image.Pt(2, 10)},
	} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			read := must.Get(new(Pictures).Read(written(t, halves(40, 20), orientation, order)))(t)
			got := must.Get(jpeg.Decode(bytes.NewReader(read.Data)))(t)
			opposite := got.Bounds().Size().Sub(image.Pt(1, 1)).Sub(want.red)
			if got.Bounds().Size() != want.size || !red(got, want.red.X, want.red.Y) || red(got, opposite.X, opposite.Y) {
				t.Errorf("orientation %d: got %v", orientation, got.Bounds().Size())
			}
		}
	}
}

// A damaged file is refused, or read without what is damaged, wherever it ends.
func TestRead_survivesDamage(t *testing.T) {
	whole := written(t, halves(8, 8), 6, binary.BigEndian)
	for end := range whole {
		if _, err := new(Pictures).Read(whole[:end]); err != nil && !errs.Is(err, errs.Invalid) {
			t.Fatalf("%d bytes: %v", end, err)
		}
		damaged := bytes.Clone(whole)
		damaged[end] ^= 0xFF
		if _, err := new(Pictures).Read(damaged); err != nil && !errs.Is(err, errs.Invalid) {
			t.Fatalf("byte %d: %v", end, err)
		}
	}
}

func TestRead_makesEveryFormatSmall(t *testing.T) {
	var asGIF, asPNG bytes.Buffer
	must.Do(t, gif.Encode(&asGIF, halves(1920, 10), nil))
	must.Do(t, png.Encode(&asPNG, image.NewNRGBA(image.Rect(0, 0, 10, 1920)))) // transparent
	for name, tt := range map[string]struct {
		file []byte
		size image.Point
	}{"GIF": {asGIF.Bytes(), image.Pt(960, 5)}, "PNG": {asPNG.Bytes(), image.Pt(5, 960)}} {
		read := must.Get(new(Pictures).Read(tt.file))(t)
		got := must.Get(jpeg.Decode(bytes.NewReader(read.Data)))(t)
		if got.Bounds().Size() != tt.size || read.Type != "image/jpeg" || read.Version == "" {
			t.Errorf("%s: got %v of %v", name, read.Type, got.Bounds())
		}
		if r, g, b, _ := got.At(1, 1).RGBA(); name == "PNG" && min(r, g, b) < 0xF000 {
			t.Errorf("what is transparent is not white: %x %x %x", r, g, b)
		}
	}
}

// A small file can say that it has very many pixels.
func TestRead_refusesBombs(t *testing.T) {
	must.HaveTime(t)
	lossless := func(width, height uint32) []byte { // a WebP that says it has one pixel, around a picture of this size
		file := []byte("RIFF\x24\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00VP8L\x06\x00\x00\x00\x2f")
		return append(binary.LittleEndian.AppendUint32(file, width-1|(height-1)<<14), 0)
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"many pixels":      {gray(t, 6000, 6000), "24 million"},
		"a long side":      {gray(t, 1, 20_000_000), "12,000"},
		"WebP within WebP": {lossless(16384, 16384), "damaged"},
	} {
		_, err := new(Pictures).Read(test.file)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(errs.From(err).Fields[0].Problem, test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// gray is a PNG of this size, without anything on it.
func gray(t *testing.T, width, height int) []byte {
	t.Helper()
	var file bytes.Buffer
	must.Do(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, width, height))))
	return file.Bytes()
}

const open, closed = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">`, `</svg>`

func TestRead_takesDrawingsOfShapes(t *testing.T) {
	for _, drawing := range []string{
		open + closed,
		"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- an amphora -->\n" + open + `<title>Amphora: big</title>` + closed,
		open + `<defs><linearGradient id="g-1"><stop offset="0%" stop-color="rgb(1, 2, 3)"/></linearGradient></defs><g fill="url(#g-1)"
			transform="translate(1,2) rotate(45 10 10)"><path d="M0 0L10,10
			z" stroke="#a40" stroke-width=".5"/></g>` + closed,
	} {
		read, err := new(Pictures).Read([]byte(drawing))
		if err != nil || string(read.Data) != drawing || read.Type != "image/svg+xml" {
			t.Errorf("%s: got %v", drawing, err)
		}
	}
}

func TestRead_refusesDrawingsOfMore(t *testing.T) {
	for _, drawing := range []string{
		"", "<", "<svg/>", open, "<html/>", `<g xmlns="http://www.w3.org/2000/svg"/>`, `<!DOCTYPE svg [<!ENTITY a "b">]>` + open + closed,
		open + "<script>alert(1)</script>" + closed, open + `<style>*{fill:red}</style>` + closed, open + `<a href="x"/>` + closed,
		open + `<image href="https://example.com/x.png"/>` + closed, open + `<foreignObject/>` + closed, open + `<text>x</text>` + closed,
		open + `<use href="#x"/>` + closed, open + `<animate attributeName="x"/>` + closed, open + `<g onclick="x"/>` + closed,
		open + `<g style="fill:red"/>` + closed, open + `<g fill="url(https://example.com/)"/>` + closed, open + `<g fill="url(x.svg)"/>` + closed,
		open + `<g fill="URL(x)"/>` + closed, open + `<g fill="u\72l(x)"/>` + closed, open + `<g xmlns="http://www.w3.org/1999/xhtml"/>` + closed,
		open + `<g xmlns:x="http://www.w3.org/1999/xlink" x:href="#a"/>` + closed, open + `<?xml-stylesheet href="x"?>` + closed,
		open + strings.Repeat(" ", maxDrawing) + closed,
	} {
		if _, err := new(Pictures).Read([]byte(drawing)); !errs.Is(err, errs.Invalid) {
			t.Errorf("%.200s: got %v", drawing, err)
		}
	}
}
