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
#include <sys/prctl.h>
#include <linux/sockios.h>
#include <sys/resource.h>
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
    SIZE(struct rlimit, "ResourceLimit");
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
    OFFSET(struct tcp_info, tcpi_rto, "TcpInformation.RetransmissionTimeoutMicroseconds");
    OFFSET(struct tcp_info, tcpi_snd_mss, "TcpInformation.SendMss");
    OFFSET(struct tcp_info, tcpi_unacked, "TcpInformation.Unacknowledged");
    OFFSET(struct tcp_info, tcpi_rtt, "TcpInformation.RoundTripMicroseconds");
    OFFSET(struct tcp_info, tcpi_rttvar, "TcpInformation.RoundTripVariationMicroseconds");
    OFFSET(struct tcp_info, tcpi_snd_cwnd, "TcpInformation.CongestionWindow");
    OFFSET(struct tcp_info, tcpi_total_retrans, "TcpInformation.TotalRetransmissions");
    OFFSET(struct utsname, nodename, "UnixName.Node");
    VALUE(IPPROTO_IP, "OptionNumbers.IpProtoIp");
    VALUE(IPPROTO_ICMP, "OptionNumbers.IpProtoIcmp");
    VALUE(IPPROTO_TCP, "OptionNumbers.IpProtoTcp");
    VALUE(IPPROTO_UDP, "OptionNumbers.IpProtoUdp");
    VALUE(IPPROTO_IPV6, "OptionNumbers.IpProtoIpv6");
    VALUE(IPPROTO_ICMPV6, "OptionNumbers.IpProtoIcmpv6");
    VALUE(SOL_TCP, "OptionNumbers.SolTcp");
    VALUE(IPPROTO_UDP, "OptionNumbers.SolUdp");
    VALUE(SOCK_RAW, "Numbers.SockRaw");
    VALUE(SOCK_RDM, "Numbers.SockRdm");
    VALUE(SO_REUSEADDR, "OptionNumbers.SoReuseAddr");
    VALUE(SO_TYPE, "OptionNumbers.SoType");
    VALUE(SO_BROADCAST, "OptionNumbers.SoBroadcast");
    VALUE(SO_KEEPALIVE, "OptionNumbers.SoKeepAlive");
    VALUE(SO_OOBINLINE, "OptionNumbers.SoOobInline");
    VALUE(SO_NO_CHECK, "OptionNumbers.SoNoCheck");
    VALUE(SO_PRIORITY, "OptionNumbers.SoPriority");
    VALUE(SO_LINGER, "OptionNumbers.SoLinger");
    VALUE(SO_REUSEPORT, "OptionNumbers.SoReusePort");
    VALUE(SO_PASSCRED, "OptionNumbers.SoPassCred");
    VALUE(SO_RCVTIMEO, "OptionNumbers.SoRcvTimeo");
    VALUE(SO_SNDTIMEO, "OptionNumbers.SoSndTimeo");
    VALUE(SO_BINDTODEVICE, "OptionNumbers.SoBindToDevice");
    VALUE(SO_ATTACH_FILTER, "OptionNumbers.SoAttachFilter");
    VALUE(SO_ACCEPTCONN, "OptionNumbers.SoAcceptConn");
    VALUE(SO_PEERSEC, "OptionNumbers.SoPeerSec");
    VALUE(SO_RCVBUFFORCE, "OptionNumbers.SoRcvBufForce");
    VALUE(SO_PASSSEC, "OptionNumbers.SoPassSec");
    VALUE(SO_MARK, "OptionNumbers.SoMark");
    VALUE(SO_TIMESTAMPING, "OptionNumbers.SoTimestamping");
    VALUE(SO_PROTOCOL, "OptionNumbers.SoProtocol");
    VALUE(SO_DOMAIN, "OptionNumbers.SoDomain");
    VALUE(SO_ATTACH_BPF, "OptionNumbers.SoAttachBpf");
    VALUE(SO_ATTACH_REUSEPORT_CBPF, "OptionNumbers.SoAttachReusePortCbpf");
    VALUE(SO_ATTACH_REUSEPORT_EBPF, "OptionNumbers.SoAttachReusePortEbpf");
    VALUE(SO_COOKIE, "OptionNumbers.SoCookie");
    VALUE(SO_ZEROCOPY, "OptionNumbers.SoZeroCopy");
    VALUE(SO_BINDTOIFINDEX, "OptionNumbers.SoBindToIfIndex");
    VALUE(SO_TIMESTAMPING_NEW, "OptionNumbers.SoTimestampingNew");
    VALUE(IP_RECVOPTS, "OptionNumbers.IpRecvOpts");
    VALUE(IP_RETOPTS, "OptionNumbers.IpRetOpts");
    VALUE(IPV6_RECVHOPOPTS, "OptionNumbers.Ipv6RecvHopOpts");
    VALUE(IPV6_RECVRTHDR, "OptionNumbers.Ipv6RecvRoutingHeader");
    VALUE(IPV6_RECVDSTOPTS, "OptionNumbers.Ipv6RecvDstOpts");
    VALUE(IPV6_RECVPATHMTU, "OptionNumbers.Ipv6RecvPathMtu");
    VALUE(IPV6_DONTFRAG, "OptionNumbers.Ipv6DontFrag");
    VALUE(SO_PEERNAME, "OptionNumbers.SoPeerName");
    VALUE(SO_PEERGROUPS, "OptionNumbers.SoPeerGroups");
    VALUE(TCP_NODELAY, "OptionNumbers.TcpNoDelay");
    VALUE(TCP_MAXSEG, "OptionNumbers.TcpMaxSegment");
    VALUE(TCP_CORK, "OptionNumbers.TcpCork");
    VALUE(TCP_KEEPIDLE, "OptionNumbers.TcpKeepIdle");
    VALUE(TCP_KEEPINTVL, "OptionNumbers.TcpKeepInterval");
    VALUE(TCP_KEEPCNT, "OptionNumbers.TcpKeepCount");
    VALUE(TCP_SYNCNT, "OptionNumbers.TcpSynCount");
    VALUE(TCP_LINGER2, "OptionNumbers.TcpLinger2");
    VALUE(TCP_DEFER_ACCEPT, "OptionNumbers.TcpDeferAccept");
    VALUE(TCP_WINDOW_CLAMP, "OptionNumbers.TcpWindowClamp");
    VALUE(TCP_INFO, "OptionNumbers.TcpInfo");
    VALUE(TCP_QUICKACK, "OptionNumbers.TcpQuickAck");
    VALUE(TCP_CONGESTION, "OptionNumbers.TcpCongestion");
    VALUE(TCP_THIN_LINEAR_TIMEOUTS, "OptionNumbers.TcpThinLinearTimeouts");
    VALUE(TCP_THIN_DUPACK, "OptionNumbers.TcpThinDupAck");
    VALUE(TCP_USER_TIMEOUT, "OptionNumbers.TcpUserTimeout");
    VALUE(TCP_FASTOPEN, "OptionNumbers.TcpFastOpen");
    VALUE(TCP_NOTSENT_LOWAT, "OptionNumbers.TcpNotSentLowat");
    VALUE(TCP_SAVE_SYN, "OptionNumbers.TcpSaveSyn");
    VALUE(TCP_FASTOPEN_CONNECT, "OptionNumbers.TcpFastOpenConnect");
    VALUE(TCP_ULP, "OptionNumbers.TcpUlp");
    VALUE(TCP_INQ, "OptionNumbers.TcpInq");
    VALUE(IP_TOS, "OptionNumbers.IpTos");
    VALUE(IP_TTL, "OptionNumbers.IpTtl");
    VALUE(IP_PKTINFO, "OptionNumbers.IpPktInfo");
    VALUE(IP_MTU_DISCOVER, "OptionNumbers.IpMtuDiscover");
    VALUE(IP_RECVERR, "OptionNumbers.IpRecvErr");
    VALUE(IP_RECVTTL, "OptionNumbers.IpRecvTtl");
    VALUE(IP_RECVTOS, "OptionNumbers.IpRecvTos");
    VALUE(IP_MTU, "OptionNumbers.IpMtu");
    VALUE(IP_FREEBIND, "OptionNumbers.IpFreeBind");
    VALUE(IP_TRANSPARENT, "OptionNumbers.IpTransparent");
    VALUE(IP_BIND_ADDRESS_NO_PORT, "OptionNumbers.IpBindAddressNoPort");
    VALUE(IP_MULTICAST_IF, "OptionNumbers.IpMulticastIf");
    VALUE(IP_MULTICAST_TTL, "OptionNumbers.IpMulticastTtl");
    VALUE(IP_MULTICAST_LOOP, "OptionNumbers.IpMulticastLoop");
    VALUE(IP_MULTICAST_ALL, "OptionNumbers.IpMulticastAll");
    VALUE(IP_ADD_MEMBERSHIP, "OptionNumbers.IpAddMembership");
    VALUE(IP_DROP_MEMBERSHIP, "OptionNumbers.IpDropMembership");
    VALUE(MCAST_JOIN_GROUP, "OptionNumbers.McastJoinGroup");
    VALUE(MCAST_LEAVE_GROUP, "OptionNumbers.McastLeaveGroup");
    VALUE(IPV6_UNICAST_HOPS, "OptionNumbers.Ipv6UnicastHops");
    VALUE(IPV6_MULTICAST_IF, "OptionNumbers.Ipv6MulticastIf");
    VALUE(IPV6_MULTICAST_HOPS, "OptionNumbers.Ipv6MulticastHops");
    VALUE(IPV6_MULTICAST_LOOP, "OptionNumbers.Ipv6MulticastLoop");
    VALUE(IPV6_MULTICAST_ALL, "OptionNumbers.Ipv6MulticastAll");
    VALUE(IPV6_JOIN_GROUP, "OptionNumbers.Ipv6JoinGroup");
    VALUE(IPV6_LEAVE_GROUP, "OptionNumbers.Ipv6LeaveGroup");
    VALUE(IPV6_MTU_DISCOVER, "OptionNumbers.Ipv6MtuDiscover");
    VALUE(IPV6_MTU, "OptionNumbers.Ipv6Mtu");
    VALUE(IPV6_RECVERR, "OptionNumbers.Ipv6RecvErr");
    VALUE(IPV6_V6ONLY, "OptionNumbers.Ipv6V6Only");
    VALUE(IPV6_RECVPKTINFO, "OptionNumbers.Ipv6RecvPktInfo");
    VALUE(IPV6_PKTINFO, "OptionNumbers.Ipv6PktInfo");
    VALUE(IPV6_RECVHOPLIMIT, "OptionNumbers.Ipv6RecvHopLimit");
    VALUE(IPV6_HOPLIMIT, "OptionNumbers.Ipv6HopLimit");
    VALUE(IPV6_RECVTCLASS, "OptionNumbers.Ipv6RecvTClass");
    VALUE(IPV6_TCLASS, "OptionNumbers.Ipv6TClass");
    VALUE(MSG_OOB, "Constants.MsgOob");
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
    VALUE(FIONREAD, "Constants.FioNRead");
    VALUE(SIOCOUTQ, "Numbers.SiocOutQ");
    VALUE(SIOCATMARK, "Numbers.SiocAtMark");
    VALUE(SIOCGSTAMP, "Numbers.SiocGStamp");
    VALUE(SIOCGSTAMPNS, "Numbers.SiocGStampNs");
    VALUE(SIOCOUTQNSD, "Numbers.SiocOutQNsd");
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
    VALUE(SYS_rt_sigprocmask, "SystemCall.SignalMask");
    VALUE(SYS_rt_sigpending, "SystemCall.PendingSignals");
    VALUE(SYS_prctl, "SystemCall.ProcessControl");
    VALUE(PR_SET_SECCOMP, "Numbers.PrSetSeccomp");
    VALUE(PR_SET_NO_NEW_PRIVS, "Numbers.PrSetNoNewPrivileges");
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
    VALUE(SYS_eventfd2, "SystemCall.EventDescriptor");
    VALUE(SYS_recvmmsg, "SystemCall.ReceiveMessages");
    VALUE(SYS_sendmmsg, "SystemCall.SendMessages");
    VALUE(EPERM, "Errno.EPERM");
    VALUE(ENOENT, "Errno.ENOENT");
    VALUE(ESRCH, "Errno.ESRCH");
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
    VALUE(ENFILE, "Errno.ENFILE");
    VALUE(EMFILE, "Errno.EMFILE");
    VALUE(ENOTTY, "Errno.ENOTTY");
    VALUE(EPIPE, "Errno.EPIPE");
    VALUE(ENAMETOOLONG, "Errno.ENAMETOOLONG");
    VALUE(ENOSYS, "Errno.ENOSYS");
    VALUE(ENODATA, "Errno.ENODATA");
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
    VALUE(ESHUTDOWN, "Errno.ESHUTDOWN");
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
    VALUE(SCM_CREDENTIALS, "Constants.ScmCredentials");
    VALUE(MSG_PEEK, "Constants.MsgPeek");
    VALUE(MSG_CTRUNC, "Constants.MsgCtrunc");
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
