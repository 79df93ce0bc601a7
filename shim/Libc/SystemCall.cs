using System.Runtime.InteropServices;

namespace Pyco.Shim;

/// <summary>The numbers of the system calls that the shim makes itself.</summary>
internal static class SystemCall
{
#if PYCO_ARM64
    public const int EventDescriptor = 19;
    public const int Read = 63;
    public const int ReadVector = 65;
    public const int Close = 57;
    public const int IoControl = 29;
    public const int FileControl = 25;
    public const int Duplicate3 = 24;
    public const int OpenAt = 56;
    public const int PollWithMask = 73;
    public const int SignalAction = 134;
    public const int SignalMask = 135;
    public const int ClockGetTime = 113;
    public const int ProcessControl = 167;
    public const int PendingSignals = 136;
    public const int Yield = 124;
    public const int UnixName = 160;
    public const int UnmapMemory = 215;
    public const int MapMemory = 222;
    public const int Socket = 198;
    public const int Bind = 200;
    public const int Listen = 201;
    public const int Accept = 202;
    public const int Connect = 203;
    public const int GetSocketName = 204;
    public const int GetPeerName = 205;
    public const int SendTo = 206;
    public const int ReceiveFrom = 207;
    public const int SetSocketOption = 208;
    public const int GetSocketOption = 209;
    public const int Shutdown = 210;
    public const int SendMessage = 211;
    public const int ReceiveMessage = 212;
    public const int Accept4 = 242;
    public const int ReceiveMessages = 243;
    public const int SendMessages = 269;
    public const int ResourceLimit = 261;
    public const int GetRandom = 278;
#else
    public const int Read = 0;
    public const int ReadVector = 19;
    public const int Close = 3;
    public const int IoControl = 16;
    public const int FileControl = 72;
    public const int Duplicate3 = 292;
    public const int OpenAt = 257;
    public const int PollWithMask = 271;
    public const int SignalAction = 13;
    public const int SignalMask = 14;
    public const int ClockGetTime = 228;
    public const int ProcessControl = 157;
    public const int PendingSignals = 127;
    public const int Yield = 24;
    public const int UnixName = 63;
    public const int MapMemory = 9;
    public const int UnmapMemory = 11;
    public const int Socket = 41;
    public const int Connect = 42;
    public const int Accept = 43;
    public const int SendTo = 44;
    public const int ReceiveFrom = 45;
    public const int SendMessage = 46;
    public const int ReceiveMessage = 47;
    public const int Shutdown = 48;
    public const int Bind = 49;
    public const int Listen = 50;
    public const int GetSocketName = 51;
    public const int GetPeerName = 52;
    public const int SetSocketOption = 54;
    public const int GetSocketOption = 55;
    public const int Accept4 = 288;
    public const int EventDescriptor = 290;
    public const int ReceiveMessages = 299;
    public const int ResourceLimit = 302;
    public const int SendMessages = 307;
    public const int GetRandom = 318;
#endif

    // syscall(2) is variadic in C; for integers alone both processors pass its arguments like these.
    internal static nint Invoke(int number, nint a, nint b, nint c, nint d = 0, nint e = 0, nint f = 0) =>
        syscall(number, a, b, c, d, e, f);

    [DllImport("libc"), SuppressGCTransition]
    private static extern nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
