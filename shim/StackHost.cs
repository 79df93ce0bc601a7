using Pyco.Host.Protocol;

namespace Pyco.Shim;

/// <summary>
/// Which stack host serves this process: <see cref="HostProtocol.EnvironmentVariable"/>, copied at start because
/// programs overwrite and clear their environment.
/// </summary>
internal static unsafe class StackHost
{
    /// <summary>Far longer than a value that makes sense.</summary>
    private const int ValueCapacity = 120;

    private static Identity Known;
    private static int IdentityIsValid;
#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Text Entry;
#pragma warning restore CS0169

    /// <summary>
    /// There is such a variable, so no Internet socket may come from the machine's own network, even if the variable
    /// makes no sense or the host is dead.
    /// </summary>
    internal static bool IsConfigured { get; private set; }

    /// <summary>The process id that <c>SO_PEERCRED</c> shows for connections which really come from the host.</summary>
    internal static int ProcessId => Known.ProcessId;

    internal static bool IsReachable => IdentityIsValid != 0;

    /// <summary>The variable as an environment holds it, with its name.</summary>
    internal static byte* Variable
    {
        get
        {
            fixed (byte* entry = Entry.Octets)
                return entry; // statics do not move: there is no garbage collector
        }
    }

    /// <summary>Reads <c>H:SECRET:MARK:PID</c>; the host's own side of this is in its launcher.</summary>
    internal static void Configure(byte* value)
    {
        Identity identity = default;
        byte* at = value;
        bool valid = TakeText(ref at, identity.Id, HostProtocol.HostIdDigits) &&
            *at++ == ':' && Hexadecimal.TryRead(ref at, identity.Secret, HostProtocol.SecretLength) &&
            *at++ == ':' && Hexadecimal.TryRead(ref at, (byte*)&identity.Mark, sizeof(ulong)) &&
            *at++ == ':';
        while (valid && *at is >= (byte)'0' and <= (byte)'9')
            identity.ProcessId = (identity.ProcessId * 10) + *at++ - '0';
        Known = identity;
        IdentityIsValid = valid && *at == 0 ? 1 : 0;
        IsConfigured = true;
        Keep(value);
    }

    /// <summary>Keeps the value for children, even one that makes no sense: they are not to use another network either.</summary>
    private static void Keep(byte* value)
    {
        byte* at = Memory.Append(Variable, "PYCO_HOST="u8);
        int length = Memory.Length(value);
        if (length > ValueCapacity)
            length = ValueCapacity;
        Memory.Copy(at, value, length);
        at[length] = 0;
    }

    /// <summary>A call that blocks is about to say that the host has gone. Who tries again and again shall not need a whole processor for it.</summary>
    internal static void WaitBeforeTelling()
    {
        const int milliseconds = 250;
        _ = Next.Poll(HostRequest.NoSocket, 0, milliseconds, out _);
    }

    internal static void CopyId(byte* destination)
    {
        fixed (byte* id = Known.Id)
            Memory.Copy(destination, id, HostProtocol.HostIdDigits);
    }

    internal static void Sign(Request* request)
    {
        request->Magic = HostProtocol.Magic;
        request->Version = HostProtocol.Version;
        fixed (byte* secret = Known.Secret)
            Memory.Copy(request->Secret, secret, HostProtocol.SecretLength);
    }

    internal static void Sign(DatagramHeader* header) => *(ulong*)header->Mark = Known.Mark;

    internal static void Sign(StreamNote* note) => *(ulong*)note->Mark = Known.Mark;

    internal static bool HasMark(byte* octets) => *(ulong*)octets == Known.Mark;

    private static bool TakeText(ref byte* at, byte* destination, int length)
    {
        for (int i = 0; i < length; i++)
        {
            if (*at is 0 or (byte)':')
                return false;
            destination[i] = *at++;
        }

        return true;
    }

    private struct Text
    {
        public fixed byte Octets[10 + ValueCapacity + 1]; // "PYCO_HOST=", the value, NUL
    }

    private struct Identity
    {
        public fixed byte Id[HostProtocol.HostIdDigits];
        public fixed byte Secret[HostProtocol.SecretLength];
        public ulong Mark;
        public int ProcessId;
    }
}
