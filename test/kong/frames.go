package kong

import (
	"encoding/binary"
	"io"
	"net"

	"google.golang.org/protobuf/proto"
)

// A frame is a length, in four bytes, and what it holds. An event ends with an empty one.

func send(conn net.Conn, message proto.Message) error {
	raw, err := proto.Marshal(message)
	if err != nil {
		return err
	}
	return writeFrame(conn, raw)
}

func writeFrame(conn net.Conn, raw []byte) error {
	_, err := conn.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(raw))), raw...))
	return err
}

func receive(conn net.Conn, into proto.Message) error {
	raw, err := readFrame(conn)
	if err != nil {
		return err
	}
	return parse(raw, into)
}

func readFrame(conn net.Conn) ([]byte, error) {
	var length uint32
	if err := binary.Read(conn, binary.LittleEndian, &length); err != nil {
		return nil, err
	}
	raw := make([]byte, length)
	_, err := io.ReadFull(conn, raw)
	return raw, err
}

func parse(raw []byte, into proto.Message) error { return proto.Unmarshal(raw, into) }
