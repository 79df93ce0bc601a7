namespace Pyco.Posix;

/// <summary>Descriptors that travel over an AF_UNIX socket (unix(7), SCM_RIGHTS).</summary>
internal static unsafe class DescriptorPassing
{
    public const int MostAtOnce = 4;
    private const int HeaderLength = 16; // struct cmsghdr: size_t length, int level, int type
    private const int ControlCapacity = HeaderLength + (MostAtOnce * sizeof(int)); // a multiple of 8

    /// <summary>Receives octets, and adds the descriptors that came with them, close-on-exec, to a list.</summary>
    /// <returns>As recvmsg(2).</returns>
    public static nint Receive(int socket, byte* octets, nuint capacity, List<int> descriptors)
    {
        long* control = stackalloc long[ControlCapacity / 8];
        IoVector vector = new() { Base = octets, Length = capacity };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlCapacity };
        nint length = Libc.recvmsg(socket, &message, Constants.MsgDontwait | Constants.MsgCmsgCloexec);
        if (length < 0 || message.ControlLength < HeaderLength + sizeof(int) ||
            ((int*)control)[2] != Constants.SolSocket || ((int*)control)[3] != Constants.ScmRights)
            return length;
        int count = (int)(*(nuint*)control - HeaderLength) / sizeof(int);
        for (int index = 0; index < count; index++)
            descriptors.Add(((int*)((byte*)control + HeaderLength))[index]);
        return length;
    }

    /// <summary>Sends octets with a descriptor; the flags are MSG_DONTWAIT or 0.</summary>
    /// <returns>As sendmsg(2).</returns>
    public static nint Send(int socket, byte* octets, nuint length, int descriptor, int flags = 0) =>
        Send(socket, octets, length, [descriptor], flags);

    /// <summary>The same with up to <see cref="MostAtOnce"/> descriptors.</summary>
    public static nint Send(int socket, byte* octets, nuint length, ReadOnlySpan<int> descriptors, int flags = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MostAtOnce);
        long* control = stackalloc long[ControlCapacity / 8];
        nuint controlLength = (nuint)(HeaderLength + (descriptors.Length * sizeof(int)));
        *(nuint*)control = controlLength;
        ((int*)control)[2] = Constants.SolSocket;
        ((int*)control)[3] = Constants.ScmRights;
        descriptors.CopyTo(new Span<int>((byte*)control + HeaderLength, MostAtOnce));
        IoVector vector = new() { Base = octets, Length = length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (controlLength + 7) / 8 * 8 };
        return Libc.sendmsg(socket, &message, Constants.MsgNosignal | flags);
    }
}
