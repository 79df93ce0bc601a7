using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Posix.OptionNumbers;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// Whether a call that waits for data of a socket looks for it for a moment before it sleeps, as the host's loop does: to be
/// woken takes longer than an answer from a neighbour (decision 12).
/// </summary>
/// <remarks>
/// Only who has sent something and waits for the answer looks: for whom data comes without asking, there is nothing to win. A look
/// takes nothing: it ends when there is something, and the program's own call follows, which may sleep. What is kept here by
/// the descriptor's number is a hint, which a close() or dup() makes wrong; that costs time, and nothing else, for a look begins by
/// asking the kernel whose socket it is.
/// </remarks>
internal static unsafe class BusyPolling
{
    /// <summary>Only descriptors below this number are looked at.</summary>
    private const int MostDescriptors = 1024;

    /// <summary>A look ends after so many questions even if the clock stands still.</summary>
    private const int MostQuestions = 1000;

    /// <summary>Nobody else looks in this process for so many nanoseconds, or until the look has ended.</summary>
    private const long LongestClaim = 10_000_000;

    /// <summary>How many nanoseconds long to believe what <see cref="Signals.AllRestart"/> has said.</summary>
    private const long SignalsStay = 100_000_000;

    private const byte HasSent = 0x80;

    private static PollingPause Pause;

    /// <summary>The nanosecond until which somebody looks. A time, because who looks may be cancelled, or a copy made by fork().</summary>
    private static nuint Claim;

    /// <summary>The descriptor that somebody looks at, or has looked at last, and whether it has been shut down since he began.</summary>
    private static int LookedAt;

    private static bool IsLookedAtShut;

    private static int Forbidden;
    private static bool HasAskedForFilter;
    private static bool AllSignalsRestart;
    private static long AllSignalsRestartUntil;

#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Hints ByDescriptor;
#pragma warning restore CS0169

    private static bool IsForbidden => Forbidden != 0;

    /// <summary>The descriptor has become a socket of ours.</summary>
    internal static void NoteSocket(int fd)
    {
        if ((uint)fd < MostDescriptors)
            *At(fd) = (byte)PollingHint.None;
    }

    /// <summary>The program sends something by the descriptor.</summary>
    internal static void NoteSend(int fd)
    {
        if ((uint)fd < MostDescriptors && (*At(fd) & HasSent) == 0)
            *At(fd) |= HasSent;
    }

    /// <summary>The program shuts the receiving side of the descriptor's socket down.</summary>
    internal static void NoteShutdown(int fd)
    {
        if (LookedAt == fd)
            IsLookedAtShut = true;
    }

    /// <summary>
    /// From now on nobody looks: the program is about to say which system calls it may make (seccomp(2)), and will not think of those
    /// that looking takes. Waits a moment for one who looks. A child of vfork(2) says it for its parent, too, who only gets slower.
    /// </summary>
    internal static void Forbid()
    {
        _ = Interlocked.Exchange(ref Forbidden, 1); // a barrier: who has not claimed a look yet sees it when he has
        for (int yields = 0; yields < MostQuestions && (nuint)Kernel.Nanoseconds() < Claim; yields++)
            _ = Kernel.Yield();
    }

    /// <summary>Called before a call that may wait for data, which follows unless there is an error.</summary>
    internal static Errno Begin(int fd, int flags, out Wait wait)
    {
        if (!TryBegin(fd, flags, out wait, out Look look))
            return Errno.None;
        do
        {
            if (Kernel.PollNow(fd, PollIn) != 0)
                return look.End(hasFound: true);
        }
        while (look.GoesOn());
        return look.End(hasFound: false);
    }

    /// <summary>The same for who has another way to see whether there is something.</summary>
    /// <returns>True if he looks, and then ends it; else the wait is measured.</returns>
    internal static bool TryBegin(int fd, int flags, out Wait wait, out Look look)
    {
        wait = default;
        look = default;
        return (flags & (MsgDontwait | MsgErrQueue)) == 0 && TakeHasSent(fd) && TryBegin(fd, ref wait, out look);
    }

    /// <summary>What the call answers whose look has ended with an error.</summary>
    /// <param name="error">The error; ESHUTDOWN is an end of file.</param>
    /// <param name="message">What recvmsg(2) fills in, or null.</param>
    internal static nint Answer(Errno error, MessageHeader* message)
    {
        if (error != Errno.ESHUTDOWN)
            return LibcError.Answer(error);
        if (message != null)
            message->TellNothing();
        return 0;
    }

    private static bool TakeHasSent(int fd)
    {
        if ((uint)fd >= MostDescriptors || (*At(fd) & HasSent) == 0)
            return false;
        *At(fd) &= HasSent - 1;
        return true;
    }

    private static bool TryBegin(int fd, ref Wait wait, out Look look)
    {
        look = default;
        PollingHint hint = Get(fd);
        if (hint == PollingHint.Never || !MayCall())
            return false;
        if (hint == PollingHint.None)
            Set(fd, hint = IsOursAndBlocks(fd) ? PollingHint.Sleeps : PollingHint.Never);
        if (hint == PollingHint.Never)
            return false;
        long now = Kernel.Nanoseconds();
        if (hint == PollingHint.Sleeps)
        {
            wait = new Wait(fd, now);
            return false;
        }

        return Pause.IsOver(now) && Look.TryBegin(fd, now, out look);
    }

    private static bool IsOursAndBlocks(int fd) => Descriptor.IsOurs(fd, out _) && !Descriptor.IsNonBlocking(fd);

    /// <summary>
    /// False if the process may not make what system calls it likes, as far as one sees. A filter that it was started with shows only by the
    /// right to new privileges, which was given up for it; a container's does not, and allows what looking takes.
    /// </summary>
    private static bool MayCall()
    {
        if (!IsForbidden && !HasAskedForFilter)
        {
            if (Kernel.HasNoNewPrivileges())
                Forbidden = 1; // and never 0: another thread may have said so meanwhile
            HasAskedForFilter = true;
        }

        return !IsForbidden;
    }

    private static bool DoAllSignalsRestart(long now)
    {
        if (now >= AllSignalsRestartUntil)
        {
            AllSignalsRestart = Signals.AllRestart();
            AllSignalsRestartUntil = now + SignalsStay;
        }

        return AllSignalsRestart;
    }

    private static byte* At(int fd)
    {
        fixed (byte* hints = ByDescriptor.Hint)
            return hints + fd; // static memory does not move
    }

    private static PollingHint Get(int fd) => (PollingHint)(*At(fd) & (HasSent - 1));

    private static void Set(int fd, PollingHint hint) => *At(fd) = (byte)((*At(fd) & HasSent) | (byte)hint);

    /// <summary>A wait without a look, which is measured: a short one would have been worth a look.</summary>
    internal readonly struct Wait(int fd, long begin)
    {
        /// <summary>The call has ended.</summary>
        internal void End()
        {
            if (begin != 0)
                Set(fd, PollingHints.AfterWait(Get(fd), Kernel.Nanoseconds() - begin));
        }
    }

    /// <summary>
    /// One look; who begins it ends it. In a process of one thread signals are blocked meanwhile, so that one that comes interrupts the
    /// call as it would a sleeping one. Where there are more threads, another would get it; so there nobody looks unless all handlers
    /// let calls go on.
    /// </summary>
    internal struct Look
    {
        private int _fd;
        private int _questions;
        private long _begin;
        private nuint _claim;
        private ulong _cookie;
        private ulong _mask;
        private bool _isAlone;

        internal static bool TryBegin(int fd, long now, out Look look)
        {
            look = default;
            nuint before = Claim;
            nuint claim = (nuint)(now + LongestClaim);
            if ((nuint)now < before || Interlocked.CompareExchange(ref Claim, claim, before) != before)
                return false;
            look._fd = fd;
            look._begin = now;
            look._claim = claim;
            look._isAlone = Next.IsSingleThreaded;
            if (!IsForbidden && (look._isAlone || DoAllSignalsRestart(now)) && look.TryPrepare())
                return true;
            look.GiveUpClaim();
            return false;
        }

        private bool TryPrepare()
        {
            // A call with a time-out ends also after a handler that lets others go on (signal(7)).
            if (!IsOursAndBlocks(_fd) || (!_isAlone && Descriptor.TimeoutMilliseconds(_fd, SoRcvTimeo) >= 0))
            {
                Set(_fd, PollingHint.Never);
                return false;
            }

            if (_isAlone)
                _mask = Kernel.BlockSignals();
            else
                _cookie = Descriptor.Cookie(_fd);
            IsLookedAtShut = false;
            LookedAt = _fd;
            return true;
        }

        /// <summary>There was nothing: yields the processor, unless the look has taken long enough.</summary>
        internal bool GoesOn()
        {
            if (++_questions >= MostQuestions || IsForbidden || Kernel.Nanoseconds() - _begin >= PollingHints.Limit)
                return false;
            _ = Kernel.Yield();
            return true;
        }

        /// <summary>Lets the signals in that have come meanwhile.</summary>
        /// <param name="hasFound">There is something to receive.</param>
        /// <returns>
        /// EINTR if a signal has come that interrupts calls that wait: also if there is something, for the call might go on
        /// waiting, as with MSG_WAITALL. If another thread has closed the descriptor, EBADF, or ESHUTDOWN if it had shut the socket down,
        /// which is an end of file.
        /// </returns>
        internal readonly Errno End(bool hasFound)
        {
            // What is there at the first question needs no look, so that has not paid: others ask poll(2) before they receive.
            long now = Kernel.Nanoseconds();
            bool hasWaited = _questions > 0;
            Set(_fd, PollingHints.AfterLook(Get(_fd), hasFound && hasWaited && now - _begin <= PollingHints.Limit));
            Pause.NoteLook(now - _begin, hasFound && hasWaited, now);
            Errno error = _isAlone ? LetSignalsIn() : Descriptor.Cookie(_fd) == _cookie ? Errno.None : AfterClose();
            GiveUpClaim();
            return error;
        }

        private readonly Errno LetSignalsIn()
        {
            bool isInterrupted = _questions > 0 && Signals.AnyInterrupts(Kernel.PendingSignals() & ~_mask, _fd);
            Kernel.SetSignalMask(_mask);
            return isInterrupted ? Errno.EINTR : Errno.None;
        }

        private static Errno AfterClose() => IsLookedAtShut ? Errno.ESHUTDOWN : Errno.EBADF;

        private readonly void GiveUpClaim() => _ = Interlocked.CompareExchange(ref Claim, 0, _claim);
    }

    private struct Hints
    {
        public fixed byte Hint[MostDescriptors];
    }
}
