"""Urgent octets of TCP, each way: urgent.py serve | urgent.py ask ADDRESS | urgent.py take | urgent.py fill ADDRESS"""
import fcntl, hashlib, os, random, select, signal, socket, struct, sys

PORT = 7
SIOCATMARK = 0x8905
signals = 0


def count(*_):
    global signals
    signals += 1


def is_at_mark(connection):
    return struct.unpack("i", fcntl.ioctl(connection, SIOCATMARK, b"\0\0\0\0"))[0] == 1


def say(connection):
    connection.sendall(b"abc")
    connection.send(b"X", socket.MSG_OOB)
    connection.sendall(b"def")


def hear(connection, length):
    waiting = select.poll()
    waiting.register(connection, select.POLLPRI)
    if not waiting.poll(60_000):
        raise TimeoutError("nothing urgent comes")
    before = b""
    while not is_at_mark(connection):
        before += connection.recv(100)
    while True:
        try:
            urgent = connection.recv(1, socket.MSG_OOB)
            break
        except BlockingIOError:  # the pointer came before the octet
            select.select([connection], [], [], 0.01)
    behind = b""
    while len(behind) < length:
        behind += connection.recv(100)
    try:
        again = connection.recv(1, socket.MSG_OOB)
    except OSError as error:
        again = error.errno
    print(before, urgent, behind, again, signals > 0, flush=True)


def own(connection):
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    connection.settimeout(None)


signal.signal(signal.SIGURG, count)
if sys.argv[1] == "serve":
    listener = socket.create_server(("", PORT))
    print("waits", flush=True)
    connection, _ = listener.accept()
    own(connection)
    connection.sendall(b".")
    hear(connection, 3)
    say(connection)
    connection.recv(1)
    connection.sendmsg([b"12", b"", b"345"], [], socket.MSG_OOB)
    connection.recv(1)
elif sys.argv[1] == "ask":
    connection = socket.create_connection((sys.argv[2], PORT), timeout=60)
    own(connection)
    connection.recv(1)
    say(connection)
    hear(connection, 3)
    connection.sendall(b".")
    hear(connection, 0)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)  # Linux resets a connection that is closed before the mark was passed
elif sys.argv[1] == "take":
    listener = socket.create_server(("", PORT))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    print("waits", flush=True)
    connection, _ = listener.accept()
    all_octets = hashlib.sha256()
    while octets := connection.recv(65_536):
        all_octets.update(octets)
    connection.sendall(all_octets.digest())
else:
    connection = socket.create_connection((sys.argv[2], PORT), timeout=60)
    chance = random.Random(1)
    all_octets = hashlib.sha256()
    connection.setblocking(False)
    for _ in range(500):
        octets = chance.randbytes(chance.choice([1, 2, 1_000, 4_096, 4_097, 32_768]))
        flags = chance.choice([0, socket.MSG_OOB])
        all_octets.update(octets)
        while octets:
            try:
                octets = octets[connection.send(octets, flags):]
            except BlockingIOError:
                select.select([], [connection], [], 60)
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(60)
    print("all the same", connection.recv(100) == all_octets.digest())
