using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;

namespace Pyco.Shim;

/// <summary>
/// Whether a call that waits for data looks for it for a moment before it sleeps, as the host's loop does: to be woken takes
/// longer than an answer from a neighbour (decision 12).
/// </summary>
/// <remarks>
/// It adapts by descriptor: a wait that was short begins it and looks in vain end it, so who waits long sleeps as without it. What is
/// kept here is a hint by the descriptor's number, which a close() or dup() makes wrong: that costs time, and nothing else,
/// for before a look the kernel is asked whose socket it is. Looks yield the processor, and end for a time where somebody computes
/// on it. Signals wait until a look has ended, so that one that comes meanwhile interrupts the call as it would a sleeping one.
/// </remarks>
internal static unsafe class BusyPolling
{
    /// <summary>Only descriptors below this number are looked at.</summary>
    private const int MostDescriptors = 1024;

    private static PollingPause Pause;

    private static bool IsForbidden;

#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Hints Of;
#pragma warning restore CS0169

    /// <summary>The descriptor has become a socket of ours.</summary>
    internal static void NoteSocket(int fd) => Set(fd, PollingHint.Fresh);

    /// <summary>
    /// From now on nobody looks: the program is about to say which system calls it may make (seccomp(2)), and will not think of those
    /// that looking takes.
    /// </summary>
    internal static void Forbid()
    {
        if (!IsForbidden)
            IsForbidden = true;
    }

    /// <summary>read(2), of whatever descriptor.</summary>
    internal static nint Read(int fd, byte* buffer, nuint length)
    {
        if (Get(fd) is PollingHint.None or PollingHint.Never || !Watches(fd))
            return Next.Read(fd, buffer, length);
        if (TryLook(fd, buffer, length, 0, out nint found))
            return found;
        long begin = Kernel.Nanoseconds();
        nint result = Next.Read(fd, buffer, length);
        NoteWait(fd, begin);
        return result;
    }

    /// <summary>recv(2), of whatever socket.</summary>
    internal static nint Receive(int fd, byte* buffer, nuint length, int flags)
    {
        if (!MayLook(flags) || !Watches(fd))
            return Next.ReceiveFrom(fd, buffer, length, flags, null, null);
        if (TryLook(fd, buffer, length, flags, out nint found))
            return found;
        long begin = Kernel.Nanoseconds();
        nint result = Next.ReceiveFrom(fd, buffer, length, flags, null, null);
        NoteWait(fd, begin);
        return result;
    }

    /// <summary>recvmsg(2), of a socket of ours.</summary>
    internal static nint ReceiveMessage(int fd, MessageHeader* message, int flags)
    {
        if (!MayLook(flags) || !Watches(fd))
            return Next.ReceiveMessage(fd, message, flags);
        if (TryLook(fd, message, flags, out nint found))
            return found;
        long begin = Kernel.Nanoseconds();
        nint result = Next.ReceiveMessage(fd, message, flags);
        NoteWait(fd, begin);
        return result;
    }

    /// <summary>
    /// False where looking makes no sense. What is not known yet of a socket is found out.
    /// </summary>
    internal static bool Watches(int fd)
    {
        if (IsForbidden)
            return false;
        PollingHint hint = Get(fd);
        if (hint is PollingHint.None or PollingHint.Fresh)
        {
            hint = IsOursAndBlocks(fd) ? PollingHint.Sleeps : PollingHint.Never;
            Set(fd, hint);
        }

        return hint != PollingHint.Never;
    }

    /// <summary>A call that began then, without a look, has ended.</summary>
    internal static void NoteWait(int fd, long begin)
    {
        PollingHint hint = Get(fd);
        if (hint == PollingHint.Sleeps)
            Set(fd, PollingHints.AfterWait(hint, Kernel.Nanoseconds() - begin));
    }

    /// <summary>MSG_WAITALL, for one, may take several pieces for one call.</summary>
    private static bool MayLook(int flags) => (flags & ~(MsgPeek | MsgNosignal | MsgTrunc | MsgCmsgCloexec)) == 0;

    private static bool TryLook(int fd, byte* buffer, nuint length, int flags, out nint result)
    {
        IoVector vector = new() { Base = buffer, Length = length };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        if (length != 0)
            return TryLook(fd, &message, flags, out result);
        result = 0;
        return false;
    }

    /// <summary>Takes what is there, or comes while looking.</summary>
    /// <returns>False if the call goes on as it would have without a look; else its result.</returns>
    private static bool TryLook(int fd, MessageHeader* message, int flags, out nint result)
    {
        const nint nothing = -(int)Errno.EAGAIN;
        result = 0;
        if (Get(fd) < PollingHint.LooksOnce)
            return false;
        Next.TestCancel();
        flags |= MsgDontwait;
        result = Kernel.ReceiveMessage(fd, message, flags);
        if (result >= 0)
            return true;
        if (result != nothing || !Look.TryBegin(fd, out Look look))
            return false;
        do
            result = Kernel.ReceiveMessage(fd, message, flags);
        while (result == nothing && look.GoesOn());
        if (look.End(hasPaid: result != nothing))
            result = LibcError.Answer(Errno.EINTR);
        else if (result < 0)
            return false;
        return true;
    }

    private static bool IsOursAndBlocks(int fd) => Descriptor.IsOurs(fd, out _) && !Descriptor.IsNonBlocking(fd);

    private static PollingHint Get(int fd)
    {
        if ((uint)fd >= MostDescriptors)
            return PollingHint.Never;
        fixed (byte* hints = Of.OfDescriptor)
            return (PollingHint)hints[fd];
    }

    private static void Set(int fd, PollingHint hint)
    {
        if ((uint)fd >= MostDescriptors)
            return;
        fixed (byte* hints = Of.OfDescriptor)
            hints[fd] = (byte)hint;
    }

    /// <summary>One look: the caller asks for data as long as it goes on, and ends it.</summary>
    internal struct Look
    {
        private int _fd;
        private long _begin;
        private ulong _mask;

        /// <summary>Begins, and yields for the first time, unless looking has not paid or may not be.</summary>
        internal static bool TryBegin(int fd, out Look look)
        {
            look = default;
            if (Get(fd) < PollingHint.LooksOnce)
                return false;
            if (!IsOursAndBlocks(fd))
            {
                Set(fd, PollingHint.Never);
                return false;
            }

            look._fd = fd;
            look._begin = Kernel.Nanoseconds();
            if (!Pause.IsOver(look._begin))
                return false;
            look._mask = Kernel.BlockSignals();
            _ = Kernel.Yield();
            return true;
        }

        /// <summary>There was nothing: yields once more, unless the look has taken long enough.</summary>
        internal readonly bool GoesOn()
        {
            if (Kernel.Nanoseconds() - _begin >= PollingHints.Limit)
                return false;
            _ = Kernel.Yield();
            return true;
        }

        /// <summary>Lets the signals in that have come meanwhile.</summary>
        /// <returns>True if nothing was found and one of them interrupts calls that wait.</returns>
        internal readonly bool End(bool hasPaid)
        {
            long now = Kernel.Nanoseconds();
            Set(_fd, PollingHints.AfterLook(Get(_fd), hasPaid));
            Pause.NoteLook(now - _begin, hasPaid, now);
            bool isInterrupted = !hasPaid && Signals.AnyInterrupts(Kernel.PendingSignals() & ~_mask, HasTimeout());
            Kernel.SetSignalMask(_mask);
            return isInterrupted;
        }

        /// <summary>A receiving call with a time-out is never restarted (signal(7)).</summary>
        private readonly bool HasTimeout()
        {
            TimeSpec timeout = default; // a struct timeval: as long, and zero as well for none
            uint length = (uint)sizeof(TimeSpec);
            _ = Kernel.GetOption(_fd, SolSocket, SoRcvTimeo, &timeout, &length);
            return timeout.Seconds != 0 || timeout.Nanoseconds != 0;
        }
    }

    private struct Hints
    {
        public fixed byte OfDescriptor[MostDescriptors];
    }
}
