package providers

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"stoa/services/inventory/internal/domain"
)

// maxDrawing is how large an SVG may be, in bytes: it is not made smaller.
const maxDrawing = 64 << 10

// isDrawing reports whether a file is XML.
func isDrawing(file []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(file, []byte("\ufeff")), " \t\r\n"), []byte("<"))
}

const svg = "http://www.w3.org/2000/svg"

// What a drawing may have. An SVG can also contain code, styles, links, and whatever else a page can: that is refused, not taken out,
// so that nothing depends on our understanding of it.
var (
	shapes = words(`svg g defs title desc path rect circle ellipse line polyline polygon linearGradient radialGradient stop`)
	traits = words(`xmlns version id viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform
		fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
		stroke-dashoffset opacity offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod role`)
	// paint is a value that names nothing outside of the drawing.
	paint = regexp.MustCompile(`^(url\(#[A-Za-z0-9_-]+\)|[^:(\\]*|((matrix|translate|scale|rotate|skewX|skewY|rgba?|hsla?)\([-+0-9e., %]*\)[ ,\n]*)+)$`)
)

func words(text string) map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		all[word] = true
	}
	return all
}

// readDrawing returns an SVG as it is, if it has only shapes.
func readDrawing(file []byte) (domain.Picture, error) {
	if len(file) > maxDrawing {
		return domain.Picture{}, refused("must have at most 64 KB, as an SVG")
	}
	decoder, root := xml.NewDecoder(bytes.NewReader(file)), true
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && !root {
			return domain.NewPicture("image/svg+xml", file), nil
		}
		if err != nil {
			return domain.Picture{}, refused("is not a complete SVG")
		}
		if !harmless(token, root) {
			return domain.Picture{}, refused("must be an SVG of shapes and gradients only")
		}
		if _, element := token.(xml.StartElement); element {
			root = false
		}
	}
}

// harmless reports whether a drawing may have a token.
func harmless(token xml.Token, root bool) bool {
	switch token := token.(type) {
	case xml.StartElement:
		if token.Name.Space != svg || !shapes[token.Name.Local] || root && token.Name.Local != "svg" {
			return false
		}
		for _, attribute := range token.Attr {
			namespace := attribute.Name.Local == "xmlns" && attribute.Value == svg
			if attribute.Name.Space != "" || !traits[attribute.Name.Local] || !namespace && !paint.MatchString(attribute.Value) {
				return false
			}
		}
		return true
	case xml.ProcInst:
		return token.Target == "xml" && root
	case xml.Directive: // such as a document type, which can define entities
		return false
	default:
		return true
	}
}
