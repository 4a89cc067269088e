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
	"unsafe"

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

func create(name, count, _ string) error {
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

func read(name, folder, _ string) error {
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

func set(name, index, _ string) error {
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

func unlink(name, _, _ string) error {
	if err := shareable.Unlink(name); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

// arrayVerbs are the commands for arrays of one type.
type arrayVerbs struct {
	create func(name string) error
	read   func(name string) error
	set    func(name string, index int, item []byte) error
}

func verbsOf[T shareable.Element](dtype string) arrayVerbs {
	return arrayVerbs{
		create: func(name string) error {
			array, err := shareable.NewArray[T]([]int{2, 3}, shareable.WithName(name))
			if err != nil {
				return err
			}
			return array.Close()
		},
		read: func(name string) error {
			array, err := shareable.OpenArray[T](name)
			if err != nil {
				return err
			}
			defer array.Close()
			fmt.Println("ok", dtype, strings.Trim(fmt.Sprint(array.Shape()), "[]"))
			for i := 0; i < array.Len(); i++ {
				value, err := array.At(i/3, i%3)
				if err != nil {
					return err
				}
				fmt.Println(hex.EncodeToString(unsafe.Slice((*byte)(unsafe.Pointer(&value)), unsafe.Sizeof(value))))
			}
			return nil
		},
		set: func(name string, index int, item []byte) error {
			array, err := shareable.OpenArray[T](name)
			if err != nil {
				return err
			}
			defer array.Close()
			var value T
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&value)), unsafe.Sizeof(value)), item)
			return array.Set(value, index/3, index%3)
		},
	}
}

// verbsOfHalves are the commands for f2, for which Go has no type: the items are bytes.
func verbsOfHalves() arrayVerbs {
	return arrayVerbs{
		create: func(name string) error {
			descr := "'<f2'"
			if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
				descr = "'>f2'"
			}
			array, err := shareable.NewRawArray(descr, []int{2, 3}, shareable.WithName(name))
			if err != nil {
				return err
			}
			return array.Close()
		},
		read: func(name string) error {
			array, err := shareable.OpenRawArray(name)
			if err != nil {
				return err
			}
			defer array.Close()
			fmt.Println("ok", strings.Trim(array.Descr(), "'<>"), strings.Trim(fmt.Sprint(array.Shape()), "[]"))
			for i := 0; i < array.Len(); i++ {
				item, err := array.At(i/3, i%3)
				if err != nil {
					return err
				}
				fmt.Println(hex.EncodeToString(item))
			}
			return nil
		},
		set: func(name string, index int, item []byte) error {
			array, err := shareable.OpenRawArray(name)
			if err != nil {
				return err
			}
			defer array.Close()
			place, err := array.At(index/3, index%3)
			if err == nil {
				copy(place, item)
			}
			return err
		},
	}
}

var arrays = map[string]arrayVerbs{
	"b1": verbsOf[bool]("b1"), "i1": verbsOf[int8]("i1"), "i2": verbsOf[int16]("i2"), "i4": verbsOf[int32]("i4"),
	"i8": verbsOf[int64]("i8"), "u1": verbsOf[uint8]("u1"), "u2": verbsOf[uint16]("u2"), "u4": verbsOf[uint32]("u4"),
	"u8": verbsOf[uint64]("u8"), "f2": verbsOfHalves(), "f4": verbsOf[float32]("f4"), "f8": verbsOf[float64]("f8"),
	"c8": verbsOf[complex64]("c8"), "c16": verbsOf[complex128]("c16"),
}

// arrayOf returns the commands for the type of an array.
func arrayOf(name string) (arrayVerbs, error) {
	array, err := shareable.OpenRawArray(name)
	if err != nil {
		return arrayVerbs{}, err
	}
	defer array.Close()
	verbs, ok := arrays[strings.Trim(array.Descr(), "'<>|")]
	if !ok {
		return arrayVerbs{}, fmt.Errorf("unknown type %s", array.Descr())
	}
	return verbs, nil
}

func createArray(name, dtype, _ string) error {
	if err := arrays[dtype].create(name); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func readArray(name, _, _ string) error {
	verbs, err := arrayOf(name)
	if err != nil {
		return err
	}
	return verbs.read(name)
}

func setArray(name, index, item string) error {
	verbs, err := arrayOf(name)
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return err
	}
	bytes, err := hex.DecodeString(item)
	if err != nil {
		return err
	}
	if err := verbs.set(name, i, bytes); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func main() {
	verbs := map[string]func(name, argument, item string) error{"create": create, "read": read, "set": set,
		"create_array": createArray, "read_array": readArray, "set_array": setArray, "unlink": unlink}
	for {
		words := append(strings.Fields(nextLine()), "", "")
		if err := verbs[words[0]](words[1], words[2], words[3]); err != nil {
			fmt.Println("error", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}
