"""A name server for the tests: python3 names.py ADDRESS PORT, by UDP and TCP, until it is killed."""
import socket, struct, sys, threading

A, CNAME, PTR, AAAA = 1, 5, 12, 28


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def address(text):
    return socket.inet_aton(text)


# What there is under each name: type, data, and the name that has it if it is another one.
ZONE = {
    "www.example.org": [(A, address("203.0.113.5"), None)],
    "host.example.org": [(A, address("10.40.0.9"), None)],
    "alias.example.org": [
        (CNAME, name("second.example.org"), None),
        (CNAME, name("www.example.org"), "second.example.org"),
        (A, address("203.0.113.5"), "www.example.org"),
    ],
    "many.example.org": [(A, address(f"203.0.113.{number}"), None) for number in range(1, 61)],
    "six.example.org": [(AAAA, socket.inet_pton(socket.AF_INET6, "2001:db8::5"), None)],
    "5.113.0.203.in-addr.arpa": [(PTR, name("www.example.org"), None)],
    "6.113.0.203.in-addr.arpa": [(PTR, b"\5\x1b[31m\0", None)],
    "empty.example.org": [],
}


def answer(query, longest):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    asked, (kind, _) = ".".join(labels).lower(), struct.unpack(">HH", query[at + 1 : at + 5])
    print(asked, kind, "udp" if longest == 512 else "tcp", flush=True)
    if asked.startswith("silent"):
        return None
    code = 2 if asked.startswith("broken") else 0 if asked in ZONE else 3
    records = [
        (name(owner) if owner else b"\xc0\x0c") + struct.pack(">HHIH", type, 1, 60, len(data)) + data
        for type, data, owner in ZONE.get(asked, [])
        if type in (kind, CNAME)
    ]
    message = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + query[12 : at + 5] + b"".join(records)
    if len(message) > longest:
        return query[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + query[12 : at + 5]
    return message


def serve_streams(listener):
    while True:
        connection = listener.accept()[0]
        query = connection.recv(4096)
        message = answer(query[2:], 65535)
        for octet in struct.pack(">H", len(message)) + message[:20]:
            connection.send(bytes([octet]))
        connection.sendall(message[20:])
        connection.close()


where = (sys.argv[1], int(sys.argv[2]))
listener = socket.create_server(where)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(listener.getsockname())
threading.Thread(target=serve_streams, args=(listener,), daemon=True).start()
print("port", listener.getsockname()[1], flush=True)
while True:
    query, peer = datagrams.recvfrom(4096)
    message = answer(query, 512)
    if message is not None:
        datagrams.sendto(b"\0\0" + message[2:], peer)  # nobody's answer: it has another id
        datagrams.sendto(message, peer)
