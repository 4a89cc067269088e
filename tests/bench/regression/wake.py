"""Measures how long a coroutine sleeps on after another process has sent it a number: by a list, a pipe and a socket.

Each side is measured in each round, in alternating order. A number is the time at which it is sent, and is sent when
the receiver sleeps. The coroutine that waits for a pipe gets the number from a callback of add_reader(), and that of
the socket reads a stream of asyncio. Then the idle cost of 1,000 coroutines is measured. Fails if the coroutines take
more than IDLE_LIMIT hundredths of a processor. A ratio below 1 is a missed goal, which is only printed: a pipe wakes the
event loop itself, but a list first wakes a thread of the library, which takes 20 to 40 microseconds more.
"""

import asyncio
import multiprocessing
import os
import socket
import statistics
import struct
import sys
import time

import shareable
from measure import median_ratio, verdict
from shareable.shared_memory import ShareableList

ROUNDS = 15
TIMES = 200
PAUSE = 0.001
COROUTINES = 1000
IDLE_SECONDS = 5
IDLE_LIMIT = 0.5

context = multiprocessing.get_context("spawn")


class ByList:
    def __init__(self):
        self.shared = ShareableList([0])

    def arguments(self):
        return (self.shared,)

    @staticmethod
    def sender(shared):
        return lambda number: shared.__setitem__(0, number)

    async def start(self):
        self.last = self.shared[0]

    async def receive(self):
        self.last = await self.shared.wait_async(0, self.last)
        return self.last

    def stop(self):
        self.shared.unlink()


class ByPipe:
    def __init__(self):
        self.mine, self.theirs = context.Pipe(duplex=False)

    def arguments(self):
        return (self.theirs,)

    @staticmethod
    def sender(pipe):
        return lambda number: os.write(pipe.fileno(), struct.pack("q", number))

    async def start(self):
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.mine.fileno(), self.read)

    def read(self):
        self.waiter.set_result(struct.unpack("q", os.read(self.mine.fileno(), 8))[0])

    async def receive(self):
        self.waiter = self.loop.create_future()
        return await self.waiter

    def stop(self):
        self.loop.remove_reader(self.mine.fileno())


class BySocket:
    def __init__(self):
        self.mine, self.theirs = socket.socketpair()

    def arguments(self):
        return (self.theirs,)

    @staticmethod
    def sender(end):
        return lambda number: end.sendall(struct.pack("q", number))

    async def start(self):
        self.reader, self.writer = await asyncio.open_unix_connection(sock=self.mine)

    async def receive(self):
        return struct.unpack("q", await self.reader.readexactly(8))[0]

    def stop(self):
        self.writer.close()


def send(method, requests, *arguments):
    """Send a number each time that the receiver asks for one, when it sleeps."""
    send_number = method.sender(*arguments)
    while requests.recv():
        time.sleep(PAUSE)
        send_number(time.monotonic_ns())


async def measure(method, requests):
    """Return the median of the seconds between sending and receiving a number."""
    times = []
    for _ in range(TIMES):
        requests.send(True)
        sent = await method.receive()
        times.append((time.monotonic_ns() - sent) / 1e9)
    return statistics.median(times)


async def compare():
    methods, processes, requests = [ByList(), ByPipe(), BySocket()], [], []
    for method in methods:
        mine, theirs = context.Pipe()
        requests.append(mine)
        processes.append(context.Process(target=send, args=(type(method), theirs, *method.arguments())))
        processes[-1].start()
        await method.start()
    times = {type(method): [] for method in methods}
    for number in range(-1, ROUNDS):
        for method, request in list(zip(methods, requests))[:: 1 if number % 2 else -1]:
            result = await measure(method, request)
            if number >= 0:
                times[type(method)].append(result)
    for method, process, request in zip(methods, processes, requests):
        request.send(False)
        process.join()
        method.stop()
    return times


async def idle():
    """Return hundredths of a processor that coroutines take, each of which waits for an item that does not change."""
    with ShareableList([0] * COROUTINES) as shared:
        shared.unlink()
        waits = [asyncio.ensure_future(shared.wait_async(i, 0)) for i in range(COROUTINES)]
        await asyncio.sleep(1)
        processor, start = time.process_time(), time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        percent = 100 * (time.process_time() - processor) / (time.monotonic() - start)
        threads = len(os.listdir("/proc/self/task")) - 1
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return percent, threads


def main():
    print(f"shareable {shareable.__version__}, Python {sys.version.split()[0]}, {ROUNDS} rounds, medians")
    times = asyncio.run(compare())
    ours = times.pop(ByList)
    for method, theirs in times.items():
        ratio = median_ratio(theirs, ours)
        print(
            f"wake a coroutine: list {statistics.median(ours) * 1e6:6.1f} us   {method.__name__[2:].lower():6} "
            f"{statistics.median(theirs) * 1e6:6.1f} us   {ratio:5.2f} x faster   goal 1: {verdict(ratio >= 1)}"
        )
    percent, threads = asyncio.run(idle())
    kept = percent <= IDLE_LIMIT
    print(f"{COROUTINES:,} coroutines: {percent:.2f} % of a processor (limit {IDLE_LIMIT} %: {verdict(kept)}), {threads} threads")
    return not kept


if __name__ == "__main__":
    sys.exit(main())
