// Peer is the peer of the interop tests in Go. It executes the commands on its standard input, see
// peers.py.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"shareable"
)

var input = bufio.NewReader(os.Stdin)

func nextLine() string {
	line, err := input.ReadString('\n')
	if err != nil {
		os.Exit(0)
	}
	return strings.TrimSuffix(line, "\n")
}

func parse(line string) (any, error) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "none":
		return nil, nil
	case "int":
		return strconv.ParseInt(rest, 10, 64)
	case "bool":
		return rest == "1", nil
	case "float":
		bits, err := strconv.ParseUint(rest, 16, 64)
		return math.Float64frombits(bits), err
	}
	data, err := hex.DecodeString(rest)
	if strings.HasPrefix(rest, "@") {
		data, err = os.ReadFile(rest[1:])
	}
	if kind == "str" {
		return string(data), err
	}
	return data, err
}

func text(kind string, data []byte, path string) string {
	if len(data) <= 4096 {
		return kind + " " + hex.EncodeToString(data)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "error " + err.Error()
	}
	return kind + " @" + path
}

func describe(value any, path string) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case int64:
		return fmt.Sprint("int ", value)
	case bool:
		if value {
			return "bool 1"
		}
		return "bool 0"
	case float64:
		return fmt.Sprintf("float %016x", math.Float64bits(value))
	case string:
		return text("str", []byte(value), path)
	case []byte:
		return text("bytes", value, path)
	}
	return fmt.Sprintf("error %T", value)
}

func create(name, count string) error {
	n, err := strconv.Atoi(count)
	values := make([]any, n)
	for i := range values {
		if values[i], err = parse(nextLine()); err != nil {
			return err
		}
	}
	list, err := shareable.NewList(values, shareable.WithName(name))
	if err != nil {
		return err
	}
	fmt.Println("ok")
	return list.Close()
}

func read(name, folder string) error {
	list, err := shareable.OpenList(name)
	if err != nil {
		return err
	}
	defer list.Close()
	format, err := list.Format()
	if err != nil {
		return err
	}
	fmt.Println("ok", list.Len(), format)
	for i := 0; i < list.Len(); i++ {
		value, err := list.Get(i)
		if err != nil {
			fmt.Println("error", err)
			continue
		}
		fmt.Println(describe(value, fmt.Sprintf("%s/go-%d", folder, i)))
	}
	return nil
}

func set(name, index string) error {
	value, err := parse(nextLine())
	if err != nil {
		return err
	}
	list, err := shareable.OpenList(name)
	if err != nil {
		return err
	}
	defer list.Close()
	i, err := strconv.Atoi(index)
	if err != nil {
		return err
	}
	if err := list.Set(i, value); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func unlink(name, _ string) error {
	if err := shareable.Unlink(name); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func main() {
	verbs := map[string]func(name, argument string) error{"create": create, "read": read, "set": set, "unlink": unlink}
	for {
		words := append(strings.Fields(nextLine()), "")
		if err := verbs[words[0]](words[1], words[2]); err != nil {
			fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}
