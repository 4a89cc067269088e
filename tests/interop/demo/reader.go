// Reader is the demonstration's reader in Go.
//
// usage: reader NAME [TURN]        see publish.c
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"strconv"

	"shareable"
)

func show(value any) string {
	switch value := value.(type) {
	case float64:
		return fmt.Sprintf("%.2f", value)
	case []byte:
		return fmt.Sprintf("% x …", value[:4])
	}
	return fmt.Sprint(value)
}

func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "none"
	case int64:
		return fmt.Sprint("int ", value)
	case bool:
		return map[bool]string{false: "bool 0", true: "bool 1"}[value]
	case float64:
		return fmt.Sprintf("float %016x", math.Float64bits(value))
	case string:
		return fmt.Sprintf("str %x", value)
	}
	return fmt.Sprintf("bytes %x", value)
}

func answer(figures *shareable.List, turn string) error {
	i, err := strconv.Atoi(turn)
	if err != nil {
		return err
	}
	tick, err := figures.GetInt(9)
	if err != nil {
		return err
	}
	if err := figures.Set(10+2*i, fmt.Sprintf("%s read tick %d", runtime.Version(), tick)); err != nil {
		return err
	}
	return figures.Set(11+2*i, []byte("hello"))
}

func main() {
	log.SetFlags(0)
	figures, err := shareable.OpenList(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer figures.Close()
	for i := 0; i < figures.Len(); i++ {
		value, err := figures.Get(i)
		if err != nil {
			log.Fatal(err)
		}
		if len(os.Args) > 2 {
			fmt.Println(show(value))
		} else {
			fmt.Println(describe(value))
		}
	}
	if len(os.Args) > 2 {
		if err := answer(figures, os.Args[2]); err != nil {
			log.Fatal(err)
		}
	}
}
