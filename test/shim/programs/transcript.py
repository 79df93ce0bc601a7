"""Prints what each socket call answers; run with and without the shim, the two transcripts must be equal."""
import socket,threading,select,errno,struct
def T(l,f):
    try: print(l,f())
    except OSError as e: print(l,errno.errorcode.get(e.errno,e))
l=socket.socket(); l.setsockopt(1,2,1); T("bind",lambda:l.bind(("127.0.0.1",0))); l.listen(5); a=l.getsockname(); print(a[0], a[1]!=0)
T("bind2",lambda:l.bind(("127.0.0.1",0)))
T("acceptconn",lambda:l.getsockopt(1,30))
c=socket.socket(); T("gpn",c.getpeername); T("send unconn",lambda:c.send(b"x",0x4000)); T("recv unconn",lambda:c.recv(4))
T("connect",lambda:c.connect(a)); T("again",lambda:c.connect(a))
p,ra=l.accept(); print(ra==c.getsockname(), p.getsockname()==a, p.getpeername()==ra, c.getpeername()==a)
c.send(b"hello"); print(p.recv(100)); p.sendall(b"w"*100000)
n=0
while n<100000: n+=len(c.recv(65536))
print(n)
T("nodelay",lambda:(c.setsockopt(6,1,1),c.getsockopt(6,1)!=0))
for o in (3,38,39,4,2,9): T("so %d"%o,lambda:c.getsockopt(1,o))
T("recvfrom",lambda:(p.send(b"q"),c.recvfrom(10)))
c.shutdown(socket.SHUT_WR); print(p.recv(5)); p.send(b"tail"); print(c.recv(10)); p.close(); print(c.recv(10)); c.close()
# nonblocking
c=socket.socket(); c.setblocking(False); ep=select.epoll(); ep.register(c,select.EPOLLOUT|select.EPOLLIN)
print("ret",c.connect_ex(a)==errno.EINPROGRESS); 
while not ep.poll(2): pass
print("soerr",c.getsockopt(1,4),"second",c.connect_ex(a),"third",errno.errorcode[c.connect_ex(a)]); ep.close()
p,_=l.accept(); c.close(); p.close()
# refused
x=socket.socket(); x.bind(("127.0.0.1",0)); dead=x.getsockname()
c=socket.socket(); T("refused",lambda:c.connect(dead)); T("soerr after",lambda:c.getsockopt(1,4)); T("retry",lambda:c.connect(a)); T("gpn",lambda:c.getpeername()==a); c.send(b"z"); p,_=l.accept(); print(p.recv(4)); 
# rst
p.setsockopt(1,13,struct.pack("ii",1,0)); p.close(); T("rst recv",lambda:c.recv(5)); T("after",lambda:c.recv(5))
c=socket.socket(); c.setblocking(False); print(errno.errorcode[c.connect_ex(dead)]); po=select.poll(); po.register(c,select.POLLOUT); print(po.poll(3000)[0][1]&(8|4|16)); print(errno.errorcode.get(c.getsockopt(1,4)),c.getsockopt(1,4))

T("sctp",lambda:socket.socket(2,1,132)); T("seq",lambda:socket.socket(2,5,0))
# UDP
u=socket.socket(2,2); v=socket.socket(2,2); u.bind(("127.0.0.1",0)); v.bind(("127.0.0.1",0)); ua=u.getsockname()
T("sendto",lambda:v.sendto(b"dgram",ua)); d,f=u.recvfrom(100); print(d,f==v.getsockname())
v.sendto(b"0123456789",ua); print(u.recv(4)); v.sendto(b"abcdef",ua); print(u.recv(3,socket.MSG_PEEK),u.recv(100)); v.sendto(b"",ua); print(u.recv(10))
v.sendto(b"long"*10,ua); print(u.recv_into(bytearray(5),5,socket.MSG_TRUNC))
T("unconn send",lambda:v.send(b"x")); T("conn",lambda:v.connect(ua)); T("peer",lambda:v.getpeername()==ua); v.send(b"conn"); print(u.recvfrom(9)[0]); u.sendto(b"back",v.getsockname()); d,f=v.recvfrom(10); print(d,f==ua)
import os
u.sendto(b"rd",v.getsockname()); print(os.read(v.fileno(),10)); v.send(b"to u"); print(os.read(u.fileno(),10))
u.sendto(b"0123456789"*8,v.getsockname()); print(v.recvmsg_into([bytearray(3),bytearray(4)])[0])
for o in (3,38,39,4): T("so %d"%o,lambda:u.getsockopt(1,o))
u.setsockopt(0,8,1); v.send(b"pki"); r=u.recvmsg(100,100); print(r[0],len(r[1]), r[1] and r[1][0][:2])
v.connect(x.getsockname()); T("s",lambda:v.send(b"x")); T("err",lambda:v.recv(10))
