using Pyco.Posix;

namespace Pyco.Host.Bridge;

/// <summary>Receives octets that may bring a descriptor (SCM_RIGHTS).</summary>
internal static unsafe class AttachingMessage
{
    private const int MaxAttached = 4;

    /// <summary>recvmsg(2) without waiting.</summary>
    /// <param name="descriptor">Where from.</param>
    /// <param name="octets">Where to.</param>
    /// <param name="attached">Becomes the descriptor that came, unless there is one already; all others are closed.</param>
    /// <param name="isLost">Becomes true if one came that the kernel had no number left for in this process.</param>
    /// <returns>What recvmsg says.</returns>
    public static nint Receive(int descriptor, Span<byte> octets, ref int attached, ref bool isLost)
    {
        const int ControlLength = 16 + (MaxAttached * sizeof(int));
        long* control = stackalloc long[(ControlLength + 7) / 8];
        fixed (byte* start = octets)
        {
            IoVector vector = new() { Base = start, Length = (nuint)octets.Length };
            MessageHeader message = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlLength,
            };
            nint length = Libc.recvmsg(descriptor, &message, Constants.MsgDontwait | Constants.MsgCmsgCloexec);
            if (length < 0)
                return length;
            Take((byte*)control, message.ControlLength, ref attached);
            isLost |= attached < 0 && (message.Flags & Constants.MsgCtrunc) != 0;
            return length;
        }
    }

    /// <summary>Keeps one descriptor and closes all others: whatever a peer attaches must not stay open.</summary>
    private static void Take(byte* control, nuint controlLength, ref int attached)
    {
        const int HeaderLength = 16; // struct cmsghdr: size_t length, int level, int type
        if (controlLength < HeaderLength + sizeof(int) ||
            *(int*)(control + 8) != Constants.SolSocket || *(int*)(control + 12) != Constants.ScmRights)
            return;
        int count = (int)(*(nuint*)control - HeaderLength) / sizeof(int);
        for (int index = 0; index < count; index++)
        {
            int descriptor = ((int*)(control + HeaderLength))[index];
            if (attached < 0)
                attached = descriptor;
            else
                _ = Libc.close(descriptor);
        }
    }
}
