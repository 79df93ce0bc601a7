/* Prints what the C# sources believe about libc and kernel: sizes, offsets and constants, one "name value" a line. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>

#define SIZE(type, name) printf("sizeof." name " %zu\n", sizeof(type))
#define VALUE(constant, name) printf(name " %ld\n", (long)(constant))
#define OFFSET(type, field, name) printf("offsetof." name " %zu\n", offsetof(type, field))

int main(void)
{
    SIZE(struct iovec, "IoVector");
    SIZE(struct msghdr, "MessageHeader");
    SIZE(struct mmsghdr, "MultiMessageHeader");
    SIZE(struct cmsghdr, "ControlHeader");
    SIZE(struct pollfd, "PollDescriptor");
    SIZE(struct timespec, "TimeSpec");
    SIZE(struct timeval, "TimeVal");
    SIZE(struct ucred, "Credentials");
    SIZE(struct sockaddr_un, "UnixAddress");
    SIZE(struct sockaddr_in6, "InternetAddress");
    SIZE(struct sockaddr_in, "InternetAddressV4");
    SIZE(struct utsname, "UnixName");
    SIZE(struct addrinfo, "AddressInfo");
    SIZE(struct hostent, "HostEntry");
    SIZE(struct servent, "ServiceEntry");
    SIZE(struct ifaddrs, "InterfaceAddress");
    SIZE(struct ifreq, "InterfaceRequest");
    SIZE(struct ifconf, "InterfaceRequests");
    SIZE(struct in_pktinfo, "in_pktinfo");
    SIZE(struct in6_pktinfo, "in6_pktinfo");
    SIZE(Dl_info, "SymbolOrigin");
    printf("sizeof.DescriptorControl %zu\n", (size_t)CMSG_SPACE(sizeof(int)));
    OFFSET(struct msghdr, msg_control, "MessageHeader.Control");
    OFFSET(struct msghdr, msg_flags, "MessageHeader.Flags");
    OFFSET(struct mmsghdr, msg_len, "MultiMessageHeader.Length");
    OFFSET(struct sockaddr_in, sin_addr, "InternetAddress.AddressV4");
    OFFSET(struct sockaddr_in6, sin6_addr, "InternetAddress.AddressV6");
    OFFSET(struct sockaddr_in6, sin6_scope_id, "InternetAddress.Scope");
    OFFSET(struct addrinfo, ai_addr, "AddressInfo.Address");
    OFFSET(struct addrinfo, ai_next, "AddressInfo.Next");
    OFFSET(struct hostent, h_addr_list, "HostEntry.Addresses");
    OFFSET(struct utsname, nodename, "UnixName.Node");
    VALUE(IPPROTO_IP, "Numbers.IpProtoIp");
    VALUE(IPPROTO_ICMP, "Numbers.IpProtoIcmp");
    VALUE(IPPROTO_TCP, "Numbers.IpProtoTcp");
    VALUE(IPPROTO_UDP, "Numbers.IpProtoUdp");
    VALUE(IPPROTO_IPV6, "Numbers.IpProtoIpv6");
    VALUE(IPPROTO_ICMPV6, "Numbers.IpProtoIcmpv6");
    VALUE(SOL_TCP, "Numbers.SolTcp");
    VALUE(IPPROTO_UDP, "Numbers.SolUdp");
    VALUE(SOCK_RAW, "Numbers.SockRaw");
    VALUE(SOCK_RDM, "Numbers.SockRdm");
    VALUE(SO_REUSEADDR, "Numbers.SoReuseAddr");
    VALUE(SO_TYPE, "Numbers.SoType");
    VALUE(SO_BROADCAST, "Numbers.SoBroadcast");
    VALUE(SO_KEEPALIVE, "Numbers.SoKeepAlive");
    VALUE(SO_NO_CHECK, "Numbers.SoNoCheck");
    VALUE(SO_PRIORITY, "Numbers.SoPriority");
    VALUE(SO_LINGER, "Numbers.SoLinger");
    VALUE(SO_REUSEPORT, "Numbers.SoReusePort");
    VALUE(SO_PASSCRED, "Numbers.SoPassCred");
    VALUE(SO_RCVTIMEO, "Numbers.SoRcvTimeo");
    VALUE(SO_SNDTIMEO, "Numbers.SoSndTimeo");
    VALUE(SO_BINDTODEVICE, "Numbers.SoBindToDevice");
    VALUE(SO_ATTACH_FILTER, "Numbers.SoAttachFilter");
    VALUE(SO_ACCEPTCONN, "Numbers.SoAcceptConn");
    VALUE(SO_PEERSEC, "Numbers.SoPeerSec");
    VALUE(SO_SNDBUFFORCE, "Numbers.SoSndBufForce");
    VALUE(SO_RCVBUFFORCE, "Numbers.SoRcvBufForce");
    VALUE(SO_PASSSEC, "Numbers.SoPassSec");
    VALUE(SO_PROTOCOL, "Numbers.SoProtocol");
    VALUE(SO_DOMAIN, "Numbers.SoDomain");
    VALUE(SO_ATTACH_BPF, "Numbers.SoAttachBpf");
    VALUE(SO_ATTACH_REUSEPORT_CBPF, "Numbers.SoAttachReusePortCbpf");
    VALUE(SO_ATTACH_REUSEPORT_EBPF, "Numbers.SoAttachReusePortEbpf");
    VALUE(SO_COOKIE, "Numbers.SoCookie");
    VALUE(SO_ZEROCOPY, "Numbers.SoZeroCopy");
    VALUE(SO_BINDTOIFINDEX, "Numbers.SoBindToIfIndex");
    VALUE(TCP_NODELAY, "Numbers.TcpNoDelay");
    VALUE(TCP_MAXSEG, "Numbers.TcpMaxSegment");
    VALUE(TCP_CORK, "Numbers.TcpCork");
    VALUE(TCP_KEEPIDLE, "Numbers.TcpKeepIdle");
    VALUE(TCP_KEEPINTVL, "Numbers.TcpKeepInterval");
    VALUE(TCP_KEEPCNT, "Numbers.TcpKeepCount");
    VALUE(TCP_SYNCNT, "Numbers.TcpSynCount");
    VALUE(TCP_LINGER2, "Numbers.TcpLinger2");
    VALUE(TCP_DEFER_ACCEPT, "Numbers.TcpDeferAccept");
    VALUE(TCP_WINDOW_CLAMP, "Numbers.TcpWindowClamp");
    VALUE(TCP_INFO, "Numbers.TcpInfo");
    VALUE(TCP_QUICKACK, "Numbers.TcpQuickAck");
    VALUE(TCP_CONGESTION, "Numbers.TcpCongestion");
    VALUE(TCP_THIN_LINEAR_TIMEOUTS, "Numbers.TcpThinLinearTimeouts");
    VALUE(TCP_THIN_DUPACK, "Numbers.TcpThinDupAck");
    VALUE(TCP_USER_TIMEOUT, "Numbers.TcpUserTimeout");
    VALUE(TCP_FASTOPEN, "Numbers.TcpFastOpen");
    VALUE(TCP_NOTSENT_LOWAT, "Numbers.TcpNotSentLowat");
    VALUE(TCP_SAVE_SYN, "Numbers.TcpSaveSyn");
    VALUE(TCP_FASTOPEN_CONNECT, "Numbers.TcpFastOpenConnect");
    VALUE(TCP_ULP, "Numbers.TcpUlp");
    VALUE(TCP_INQ, "Numbers.TcpInq");
    VALUE(IP_TOS, "Numbers.IpTos");
    VALUE(IP_TTL, "Numbers.IpTtl");
    VALUE(IP_PKTINFO, "Numbers.IpPktInfo");
    VALUE(IP_MTU_DISCOVER, "Numbers.IpMtuDiscover");
    VALUE(IP_RECVERR, "Numbers.IpRecvErr");
    VALUE(IP_RECVTTL, "Numbers.IpRecvTtl");
    VALUE(IP_RECVTOS, "Numbers.IpRecvTos");
    VALUE(IP_MTU, "Numbers.IpMtu");
    VALUE(IP_FREEBIND, "Numbers.IpFreeBind");
    VALUE(IP_TRANSPARENT, "Numbers.IpTransparent");
    VALUE(IP_BIND_ADDRESS_NO_PORT, "Numbers.IpBindAddressNoPort");
    VALUE(IP_MULTICAST_IF, "Numbers.IpMulticastIf");
    VALUE(IP_MULTICAST_TTL, "Numbers.IpMulticastTtl");
    VALUE(IP_MULTICAST_LOOP, "Numbers.IpMulticastLoop");
    VALUE(IP_MULTICAST_ALL, "Numbers.IpMulticastAll");
    VALUE(IPV6_UNICAST_HOPS, "Numbers.Ipv6UnicastHops");
    VALUE(IPV6_MULTICAST_IF, "Numbers.Ipv6MulticastIf");
    VALUE(IPV6_MULTICAST_HOPS, "Numbers.Ipv6MulticastHops");
    VALUE(IPV6_MULTICAST_LOOP, "Numbers.Ipv6MulticastLoop");
    VALUE(IPV6_MTU_DISCOVER, "Numbers.Ipv6MtuDiscover");
    VALUE(IPV6_MTU, "Numbers.Ipv6Mtu");
    VALUE(IPV6_RECVERR, "Numbers.Ipv6RecvErr");
    VALUE(IPV6_V6ONLY, "Numbers.Ipv6V6Only");
    VALUE(IPV6_RECVPKTINFO, "Numbers.Ipv6RecvPktInfo");
    VALUE(IPV6_PKTINFO, "Numbers.Ipv6PktInfo");
    VALUE(IPV6_RECVHOPLIMIT, "Numbers.Ipv6RecvHopLimit");
    VALUE(IPV6_HOPLIMIT, "Numbers.Ipv6HopLimit");
    VALUE(IPV6_RECVTCLASS, "Numbers.Ipv6RecvTClass");
    VALUE(IPV6_TCLASS, "Numbers.Ipv6TClass");
    VALUE(MSG_OOB, "Numbers.MsgOob");
    VALUE(MSG_CTRUNC, "Numbers.MsgCTrunc");
    VALUE(MSG_ERRQUEUE, "Numbers.MsgErrQueue");
    VALUE(MSG_WAITFORONE, "Numbers.MsgWaitForOne");
    VALUE(MSG_FASTOPEN, "Numbers.MsgFastOpen");
    VALUE(POLLERR, "Numbers.PollErr");
    VALUE(POLLHUP, "Numbers.PollHup");
    VALUE(POLLNVAL, "Numbers.PollNval");
    VALUE(POLLRDHUP, "Numbers.PollRdHup");
    VALUE(F_GETFD, "Numbers.FGetFd");
    VALUE(F_GETFL, "Numbers.FGetFl");
    VALUE(F_SETFL, "Numbers.FSetFl");
    VALUE(O_NONBLOCK, "Numbers.ONonblock");
    VALUE(FIONREAD, "Numbers.FioNRead");
    VALUE(SIOCGIFNAME, "Numbers.SiocGIfName");
    VALUE(SIOCGIFCONF, "Numbers.SiocGIfConf");
    VALUE(SIOCGIFFLAGS, "Numbers.SiocGIfFlags");
    VALUE(SIOCGIFADDR, "Numbers.SiocGIfAddr");
    VALUE(SIOCGIFBRDADDR, "Numbers.SiocGIfBrdAddr");
    VALUE(SIOCGIFNETMASK, "Numbers.SiocGIfNetmask");
    VALUE(SIOCGIFMETRIC, "Numbers.SiocGIfMetric");
    VALUE(SIOCGIFMTU, "Numbers.SiocGIfMtu");
    VALUE(SIOCGIFHWADDR, "Numbers.SiocGIfHwAddr");
    VALUE(SIOCGIFINDEX, "Numbers.SiocGIfIndex");
    VALUE(SA_RESTART, "Numbers.SaRestart");
    VALUE(SYS_read, "SystemCall.Read");
    VALUE(SYS_readv, "SystemCall.ReadVector");
    VALUE(SYS_close, "SystemCall.Close");
    VALUE(SYS_ioctl, "SystemCall.IoControl");
    VALUE(SYS_fcntl, "SystemCall.FileControl");
    VALUE(SYS_dup3, "SystemCall.Duplicate3");
    VALUE(SYS_openat, "SystemCall.OpenAt");
    VALUE(SYS_ppoll, "SystemCall.PollWithMask");
    VALUE(SYS_rt_sigaction, "SystemCall.SignalAction");
    VALUE(SYS_clock_gettime, "SystemCall.ClockGetTime");
    VALUE(SYS_uname, "SystemCall.UnixName");
    VALUE(SYS_mmap, "SystemCall.MapMemory");
    VALUE(SYS_munmap, "SystemCall.UnmapMemory");
    VALUE(SYS_socket, "SystemCall.Socket");
    VALUE(SYS_bind, "SystemCall.Bind");
    VALUE(SYS_listen, "SystemCall.Listen");
    VALUE(SYS_accept, "SystemCall.Accept");
    VALUE(SYS_connect, "SystemCall.Connect");
    VALUE(SYS_getsockname, "SystemCall.GetSocketName");
    VALUE(SYS_getpeername, "SystemCall.GetPeerName");
    VALUE(SYS_sendto, "SystemCall.SendTo");
    VALUE(SYS_recvfrom, "SystemCall.ReceiveFrom");
    VALUE(SYS_setsockopt, "SystemCall.SetSocketOption");
    VALUE(SYS_getsockopt, "SystemCall.GetSocketOption");
    VALUE(SYS_shutdown, "SystemCall.Shutdown");
    VALUE(SYS_sendmsg, "SystemCall.SendMessage");
    VALUE(SYS_recvmsg, "SystemCall.ReceiveMessage");
    VALUE(SYS_accept4, "SystemCall.Accept4");
    VALUE(SYS_recvmmsg, "SystemCall.ReceiveMessages");
    VALUE(SYS_sendmmsg, "SystemCall.SendMessages");
    VALUE(EPERM, "Errno.EPERM");
    VALUE(ENOENT, "Errno.ENOENT");
    VALUE(EINTR, "Errno.EINTR");
    VALUE(EIO, "Errno.EIO");
    VALUE(ENXIO, "Errno.ENXIO");
    VALUE(EBADF, "Errno.EBADF");
    VALUE(EAGAIN, "Errno.EAGAIN");
    VALUE(ENOMEM, "Errno.ENOMEM");
    VALUE(EACCES, "Errno.EACCES");
    VALUE(EFAULT, "Errno.EFAULT");
    VALUE(EEXIST, "Errno.EEXIST");
    VALUE(ENODEV, "Errno.ENODEV");
    VALUE(EINVAL, "Errno.EINVAL");
    VALUE(EMFILE, "Errno.EMFILE");
    VALUE(EPIPE, "Errno.EPIPE");
    VALUE(ENAMETOOLONG, "Errno.ENAMETOOLONG");
    VALUE(ENOSYS, "Errno.ENOSYS");
    VALUE(ENONET, "Errno.ENONET");
    VALUE(EPROTO, "Errno.EPROTO");
    VALUE(ENOTSOCK, "Errno.ENOTSOCK");
    VALUE(EDESTADDRREQ, "Errno.EDESTADDRREQ");
    VALUE(EMSGSIZE, "Errno.EMSGSIZE");
    VALUE(EPROTOTYPE, "Errno.EPROTOTYPE");
    VALUE(ENOPROTOOPT, "Errno.ENOPROTOOPT");
    VALUE(EPROTONOSUPPORT, "Errno.EPROTONOSUPPORT");
    VALUE(ESOCKTNOSUPPORT, "Errno.ESOCKTNOSUPPORT");
    VALUE(EOPNOTSUPP, "Errno.EOPNOTSUPP");
    VALUE(EAFNOSUPPORT, "Errno.EAFNOSUPPORT");
    VALUE(EADDRINUSE, "Errno.EADDRINUSE");
    VALUE(EADDRNOTAVAIL, "Errno.EADDRNOTAVAIL");
    VALUE(ENETDOWN, "Errno.ENETDOWN");
    VALUE(ENETUNREACH, "Errno.ENETUNREACH");
    VALUE(ECONNABORTED, "Errno.ECONNABORTED");
    VALUE(ECONNRESET, "Errno.ECONNRESET");
    VALUE(ENOBUFS, "Errno.ENOBUFS");
    VALUE(EISCONN, "Errno.EISCONN");
    VALUE(ENOTCONN, "Errno.ENOTCONN");
    VALUE(ETIMEDOUT, "Errno.ETIMEDOUT");
    VALUE(ECONNREFUSED, "Errno.ECONNREFUSED");
    VALUE(EHOSTDOWN, "Errno.EHOSTDOWN");
    VALUE(EHOSTUNREACH, "Errno.EHOSTUNREACH");
    VALUE(EALREADY, "Errno.EALREADY");
    VALUE(EINPROGRESS, "Errno.EINPROGRESS");
    VALUE(AF_UNSPEC, "Constants.AfUnspec");
    VALUE(AF_UNIX, "Constants.AfUnix");
    VALUE(AF_INET, "Constants.AfInet");
    VALUE(AF_INET6, "Constants.AfInet6");
    VALUE(SOCK_STREAM, "Constants.SockStream");
    VALUE(SOCK_DGRAM, "Constants.SockDgram");
    VALUE(SOCK_SEQPACKET, "Constants.SockSeqpacket");
    VALUE(SOCK_NONBLOCK, "Constants.SockNonblock");
    VALUE(SOCK_CLOEXEC, "Constants.SockCloexec");
    VALUE(SOL_SOCKET, "Constants.SolSocket");
    VALUE(SO_ERROR, "Constants.SoError");
    VALUE(SO_SNDBUF, "Constants.SoSndbuf");
    VALUE(SO_RCVBUF, "Constants.SoRcvbuf");
    VALUE(SO_PEERCRED, "Constants.SoPeercred");
    VALUE(SO_INCOMING_CPU, "Constants.SoIncomingCpu");
    VALUE(SCM_RIGHTS, "Constants.ScmRights");
    VALUE(MSG_PEEK, "Constants.MsgPeek");
    VALUE(MSG_TRUNC, "Constants.MsgTrunc");
    VALUE(MSG_DONTWAIT, "Constants.MsgDontwait");
    VALUE(MSG_NOSIGNAL, "Constants.MsgNosignal");
    VALUE(POLLIN, "Constants.PollIn");
    VALUE(POLLOUT, "Constants.PollOut");
    VALUE(SHUT_RD, "Constants.ShutRd");
    VALUE(SHUT_WR, "Constants.ShutWr");
    VALUE(SHUT_RDWR, "Constants.ShutRdwr");
    return 0;
}
