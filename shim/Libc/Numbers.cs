namespace Pyco.Shim;

/// <summary>Numbers of Linux's socket interface that only the shim needs; test/shim compares them with the C headers.</summary>
internal static class Numbers
{
    public const int AfPacket = 17;

    public const int SockRaw = 3;
    public const int SockRdm = 4;
    public const int SockTypeMask = 0xf;

    public const int MsgCTrunc = 8;
    public const int MsgErrQueue = 0x2000;
    public const int MsgWaitForOne = 0x10000;
    public const int MsgFastOpen = 0x20000000;

    public const short PollErr = 8;
    public const short PollHup = 16;
    public const short PollNval = 32;
    public const short PollRdHup = 0x2000;

    public const int FGetFd = 1;
    public const int FGetFl = 3;
    public const int FSetFl = 4;
    public const int ONonblock = 0x800;

    public const nuint SiocOutQ = 0x5411; // TIOCOUTQ
    public const nuint SiocAtMark = 0x8905;
    public const nuint SiocGStamp = 0x8906;
    public const nuint SiocGStampNs = 0x8907;
    public const nuint SiocOutQNsd = 0x894b;
    public const nuint SiocFirst = SiocAtMark;
    public const nuint SiocLast = 0x89ff;
    public const nuint SiocGIfName = 0x8910;
    public const nuint SiocGIfConf = 0x8912;
    public const nuint SiocGIfFlags = 0x8913;
    public const nuint SiocGIfAddr = 0x8915;
    public const nuint SiocGIfBrdAddr = 0x8919;
    public const nuint SiocGIfNetmask = 0x891b;
    public const nuint SiocGIfMetric = 0x891d;
    public const nuint SiocGIfMtu = 0x8921;
    public const nuint SiocGIfHwAddr = 0x8927;
    public const nuint SiocGIfIndex = 0x8933;

    public const int PrSetSeccomp = 22;
    public const int PrSetNoNewPrivileges = 38;

    public const ulong SaRestart = 0x10000000;
    public const int LastSignal = 64;
}
