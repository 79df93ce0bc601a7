namespace Pyco.Posix;

/// <summary>Linux's numbers for x86-64 and arm64 (asm-generic), compared with the C probe in a test.</summary>
internal static class Constants
{
    public const int AfUnspec = 0;
    public const int AfUnix = 1;
    public const int AfInet = 2;
    public const int AfInet6 = 10;

    public const int SockStream = 1;
    public const int SockDgram = 2;
    public const int SockSeqpacket = 5;
    public const int SockNonblock = 0x800;
    public const int SockCloexec = 0x80000;

    public const int SolSocket = 1;
    public const int SoError = 4;
    public const int SoSndbuf = 7;
    public const int SoRcvbuf = 8;
    public const int SoPeercred = 17;
    public const int SoPeergroups = 59;
    public const int SoIncomingCpu = 49;
    public const int SoSndbufForce = 32;
    public const int ScmRights = 1;
    public const int ScmCredentials = 2;

    public const int MsgPeek = 2;
    public const int MsgCtrunc = 8;
    public const int MsgTrunc = 0x20;
    public const int MsgDontwait = 0x40;
    public const int MsgNosignal = 0x4000;
    public const int MsgOob = 1;
    public const int MsgCmsgCloexec = 0x40000000;

    public const nuint FioNRead = 0x541b;

    public const short PollIn = 1;
    public const short PollOut = 4;

    public const int ShutRd = 0;
    public const int ShutWr = 1;
    public const int ShutRdwr = 2;

    public const uint EpollIn = 1;
    public const uint EpollPri = 2;
    public const uint EpollOut = 4;
    public const uint EpollErr = 8;
    public const uint EpollHup = 16;
    public const uint EpollRdhup = 0x2000;
    public const uint EpollEt = 1u << 31;
    public const int EpollCtlAdd = 1;
    public const int EpollCtlDel = 2;
    public const int EpollCtlMod = 3;
    public const int EpollCloexec = 0x80000;
}
