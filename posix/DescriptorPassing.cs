namespace Pyco.Posix;

/// <summary>Descriptors that travel over an AF_UNIX socket (unix(7), SCM_RIGHTS).</summary>
internal static unsafe class DescriptorPassing
{
    private const int MostAtOnce = 4;
    private const int HeaderLength = 16; // struct cmsghdr: size_t length, int level, int type
    private const int ControlLength = HeaderLength + (MostAtOnce * sizeof(int));

    /// <summary>Receives octets, and adds the descriptors that came with them, close-on-exec, to a list.</summary>
    /// <returns>As recvmsg(2).</returns>
    public static nint Receive(int socket, byte* octets, nuint capacity, List<int> descriptors)
    {
        long* control = stackalloc long[(ControlLength + 7) / 8];
        IoVector vector = new() { Base = octets, Length = capacity };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlLength };
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
    public static nint Send(int socket, byte* octets, nuint length, int descriptor, int flags = 0)
    {
        const int controlLength = HeaderLength + 8; // CMSG_SPACE(sizeof(int))
        long* control = stackalloc long[controlLength / 8];
        *(nuint*)control = HeaderLength + sizeof(int);
        ((int*)control)[2] = Constants.SolSocket;
        ((int*)control)[3] = Constants.ScmRights;
        ((int*)control)[4] = descriptor;
        IoVector vector = new() { Base = octets, Length = length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = controlLength };
        return Libc.sendmsg(socket, &message, Constants.MsgNosignal | flags);
    }
}
