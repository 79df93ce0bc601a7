using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;

namespace Pyco.Shim;

/// <summary>
/// The rings through which busy UDP sockets get their datagrams (<see cref="ReceiveRing"/>): which this process has mapped, and
/// how the queue of the kernel socket, where the doorbells are, and the ring go together.
/// </summary>
internal static unsafe class ReceiveRings
{
    private const int NoDescriptor = -1;

    /// <summary>So many offers are passed over after one that could not be taken.</summary>
    private const int AfterRefusal = 50_000;

    /// <summary>How often it is tried, a millisecond apart, to tell the host something while the queue to it is full.</summary>
    private const int TellAttempts = 20;

    private static int OffersToPassOver;

    /// <summary>Where the ring of each number is mapped, or 0; an address that has been given once stays.</summary>
#pragma warning disable CS0169 // the compiler does not count the use of a fixed buffer
    private static Addresses Mapped;
#pragma warning restore CS0169

    /// <summary>recvmsg(2) of a socket that has a ring.</summary>
    internal static nint Receive(int fd, SocketState state, MessageHeader* message, int flags)
    {
        Errno error = GetRing(fd, state, out ReceiveRingHeader* ring);
        if (error != Errno.None)
            return LibcError.Answer(error);
        return ring->IsLive == 0
            ? Datagrams.ReceivePlain(fd, state, message, flags)
            : ReceiveFrom(fd, state, ring, message, flags);
    }

    /// <summary>The host has found that the socket should have a ring. Without one it goes on as it is.</summary>
    internal static void Start(int fd, SocketState state)
    {
        if (Number(state) != 0)
            return;
        if (OffersToPassOver > 0)
            OffersToPassOver--; // a count that another thread has spoilt does no harm
        else if (Attach(fd, out _, out int number) == Errno.None && Tell(fd, SendSignal.StartReceiveRing))
            NoteNumber(fd, number);
        else
            OffersToPassOver = AfterRefusal;
    }

    /// <summary>A doorbell has come from the kernel socket's queue, behind all that was sent before the ring.</summary>
    internal static nint AnswerBell(int fd, SocketState state, MessageHeader* message, int flags)
    {
        Errno error = GetRing(fd, state, out ReceiveRingHeader* ring);
        if (error != Errno.None)
        {
            if ((flags & MsgPeek) == 0)
                _ = Tell(fd, SendSignal.RingMe); // it was taken away from others who have the ring
            return LibcError.Answer(error);
        }

        ring->IsLive = 1;
        if ((flags & MsgPeek) == 0)
            ReturnBell(fd, ring);
        return ReceiveFrom(fd, state, ring, message, flags);
    }

    private static nint ReceiveFrom(int fd, SocketState state, ReceiveRingHeader* ring, MessageHeader* message, int flags)
    {
        DatagramHeader header;
        while (true)
        {
            nint length = ReceiveRingReader.Take(ring, &header, message, (flags & MsgPeek) != 0);
            if (ring->IsClosed != 0)
                return LibcError.Answer(Errno.ENETDOWN); // what was taken may have been taken away meanwhile
            if (length >= 0)
            {
                if ((flags & MsgPeek) == 0)
                    AfterTaking(fd, ring);
                return Finish(state, &header, message, length, flags);
            }

            nint waited = Wait(ref fd, ring, message, flags);
            if (waited != 0)
                return waited < 0 ? waited : 0;
        }
    }

    /// <summary>The length of the next datagram in the ring, as FIONREAD tells it; -1 if there is none.</summary>
    internal static nint LengthOfNext(int fd, SocketState state)
    {
        if (Number(state) == 0 || GetRing(fd, state, out ReceiveRingHeader* ring) != Errno.None)
            return -1;
        DatagramHeader header;
        MessageHeader nowhere = default;
        return ReceiveRingReader.Take(ring, &header, &nowhere, isLook: true);
    }

    /// <summary>Takes what only says that there are errors, if the ring begins with that.</summary>
    internal static void TakeErrors(int fd, SocketState state)
    {
        if (Number(state) == 0 || GetRing(fd, state, out ReceiveRingHeader* ring) != Errno.None)
            return;
        AwaitAnnounced(fd, ring);
        while (ReceiveRingReader.TryTakeError(ring))
            AfterTaking(fd, ring);
    }

    /// <summary>Waits until the ring shows what a doorbell has told of.</summary>
    private static void AwaitAnnounced(int fd, ReceiveRingHeader* ring)
    {
        DatagramHeader bell;
        bool hasBell = ReceiveRingReader.IsEmpty(ring) &&
            Kernel.Receive(fd, &bell, (nuint)sizeof(DatagramHeader), MsgPeek | MsgDontwait) == sizeof(DatagramHeader) &&
            StackHost.HasMark(bell.Mark) && bell.Error == ReceiveSignal.Bell;
        if (hasBell)
            _ = AwaitShowing(ring, *(nuint*)bell.LocalOctets);
    }

    private static void AfterTaking(int fd, ReceiveRingHeader* ring)
    {
        if (ReceiveRingReader.IsEmpty(ring))
            TakeBell(fd, ring);
        else if (ring->Sleepers > 0 && ring->IsWaking == 0 && Interlocked.Exchange(ref ring->IsWaking, 1) == 0 &&
            !Tell(fd, SendSignal.WakeAnother))
            ring->IsWaking = 0;
        if (ring->IsFull != 0 && ReceiveRingReader.HasHalfFree(ring) && Interlocked.Exchange(ref ring->IsFull, 0) != 0)
            _ = Tell(fd, SendSignal.HasRoom);
    }

    /// <summary>Waits as recvmsg(2) would until there is a doorbell, and takes it away if there is nothing in the ring.</summary>
    /// <returns>-1 with errno if the waiting has ended otherwise; 1 if it has because the program has shut its reading side.</returns>
    private static nint Wait(ref int fd, ReceiveRingHeader* ring, MessageHeader* message, int flags)
    {
        if (BusyPolling.TryBegin(fd, flags, out BusyPolling.Wait wait, out BusyPolling.Look look))
        {
            while (ReceiveRingReader.IsEmpty(ring) && look.GoesOn())
            {
            }

            bool hasFound = !ReceiveRingReader.IsEmpty(ring);
            Errno early = look.End(hasFound);
            if (early != Errno.None)
                return BusyPolling.Answer(early, message) < 0 ? -1 : 1;
            if (hasFound)
                return 0;
        }

        DatagramHeader bell;
        UnixAddress host;
        IoVector vector = new() { Base = (byte*)&bell, Length = (nuint)sizeof(DatagramHeader) };
        MessageHeader peek = new()
        {
            Name = (byte*)&host,
            NameLength = (uint)sizeof(UnixAddress),
            Vectors = &vector,
            VectorCount = 1,
        };
        _ = Interlocked.Add(ref ring->Sleepers, 1);
        nint received = Next.ReceiveMessage(fd, &peek, (flags & ~MsgTrunc) | MsgPeek);
        _ = Interlocked.Add(ref ring->Sleepers, -1);
        wait.End();
        if (ring->IsWaking != 0)
            ring->IsWaking = 0;
        if (received < 0)
            return Datagrams.AnswerFailure(fd, flags);
        if (received == 0 && peek.NameLength == 0)
            return Datagrams.AfterEnd(fd, message, flags) < 0 ? -1 : 1;
        if (Descriptor.Cookie(fd) != ring->Cookie)
            fd = NoDescriptor; // it was closed meanwhile, and its number may be another socket's
        if (!ReceiveRingReader.IsEmpty(ring))
            return 0;
        nuint announced = *(nuint*)bell.LocalOctets;
        if (!AwaitShowing(ring, announced))
            TakeBell(fd, ring);
        return 0;
    }

    /// <summary>
    /// The host rings before it shows what it rings for: in the next moment, unless it has lost its processor. Whoever came by poll(2)
    /// was promised a datagram, so that is waited for, asleep.
    /// </summary>
    private static bool AwaitShowing(ReceiveRingHeader* ring, nuint announced)
    {
        const int sleeps = 200; // of a millisecond: far longer than a busy machine keeps anybody waiting
        long begin = Kernel.Milliseconds();
        while (!Shows(ring, announced) && Kernel.Milliseconds() - begin <= 1)
            _ = Kernel.Yield();

        for (int left = sleeps; left > 0 && !Shows(ring, announced); left--)
            _ = Kernel.Poll(NoDescriptor, 0, 1);
        return !ReceiveRingReader.IsEmpty(ring);
    }

    private static bool Shows(ReceiveRingHeader* ring, nuint announced) => (nint)(announced - ring->Tail) <= 0;

    /// <summary>The ring is empty: takes the doorbell away, so that poll(2) says so.</summary>
    private static void TakeBell(int fd, ReceiveRingHeader* ring)
    {
        DatagramHeader bell;
        bool hasMore = ring->HasSpareBells != 0 && Interlocked.Exchange(ref ring->HasSpareBells, 0) != 0;
        bool isTaken = Kernel.Receive(fd, &bell, (nuint)sizeof(DatagramHeader), MsgDontwait) > 0;
        while (isTaken && hasMore)
            hasMore = Kernel.Receive(fd, &bell, (nuint)sizeof(DatagramHeader), MsgDontwait) > 0;
        if (isTaken)
            ReturnBell(fd, ring);
    }

    /// <summary>There is no doorbell any more. If something has come meanwhile, the host rings again.</summary>
    private static void ReturnBell(int fd, ReceiveRingHeader* ring)
    {
        _ = Interlocked.Exchange(ref ring->HasBell, 0);
        if (!ReceiveRingReader.IsEmpty(ring) && Interlocked.Exchange(ref ring->HasBell, 1) == 0)
            _ = Tell(fd, SendSignal.RingMe);
    }

    private static nint Finish(SocketState state, DatagramHeader* header, MessageHeader* message, nint length, int flags)
    {
        if (header->Error > 0) // a negative one would make the answer a length
            return LibcError.Answer((Errno)header->Error);
        nuint capacity = IoVectors.Capacity(message->Vectors, (int)message->VectorCount);
        nuint payload = (nuint)length;
        message->Flags = payload > capacity ? MsgTrunc : 0;
        Datagrams.GiveAddress(state, header, message);
        DatagramControl.Write(state, header, message, used: 0);
        return payload > capacity && (flags & MsgTrunc) == 0 ? (nint)capacity : length;
    }

    /// <summary>False if the host has not been told, because it has not read for long or is not there.</summary>
    private static bool Tell(int fd, int what)
    {
        DatagramHeader header = default;
        StackHost.Sign(&header);
        header.Error = what;
        IoVector vector = new() { Base = (byte*)&header, Length = (nuint)sizeof(DatagramHeader) };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        nint sent = Kernel.SendMessage(fd, &message, MsgDontwait | MsgNosignal);
        for (int attempt = 0; sent == -(int)Errno.EAGAIN && attempt < TellAttempts; attempt++)
        {
            _ = Kernel.Poll(fd, PollOut, 1);
            sent = Kernel.SendMessage(fd, &message, MsgDontwait | MsgNosignal);
        }

        return sent > 0;
    }

    private static int Number(SocketState state) =>
        (((int)state >> 3) & 3) | (((int)state >> 4) & 4) | (((int)state >> 5) & 8);

    private static void NoteNumber(int fd, int number)
    {
        if (!Descriptor.IsOurs(fd, out SocketState state))
            return;
        int bits = ((number & 3) << 3) | ((number & 4) << 4) | ((number & 8) << 5);
        Descriptor.SetState(fd, (state & ~SocketState.ReceiveRingNumber) | (SocketState)bits);
    }

    /// <summary>The socket's ring, mapped now if it was not.</summary>
    private static Errno GetRing(int fd, SocketState state, out ReceiveRingHeader* ring)
    {
        ring = Find(fd, Number(state));
        if (ring != null)
            return Errno.None;
        Errno error = Attach(fd, out ring, out int number);
        if (error == Errno.None && number != Number(state))
            NoteNumber(fd, number);
        return error;
    }

    private static ReceiveRingHeader* Find(int fd, int number)
    {
        fixed (ulong* addresses = Mapped.Of)
        {
            ReceiveRingHeader* ring = (ReceiveRingHeader*)addresses[number];
            return ring == null || ring->IsClosed != 0 || ring->Cookie != Descriptor.Cookie(fd) ? null : ring;
        }
    }

    /// <returns>ENETDOWN without a host, EMFILE and the like: then there is no ring.</returns>
    private static Errno Attach(int fd, out ReceiveRingHeader* ring, out int number)
    {
        ring = null;
        number = 0;
        Request request = default;
        request.Operation = Operation.GetReceiveRing;
        Reply reply;
        int memory;
        Errno error = HostRequest.Ask(fd, &request, &reply, &memory);
        if (memory < 0)
            return error == Errno.None ? Errno.EMFILE : error;
        number = reply.Argument;
        if (error == Errno.None && number is > 0 and <= ReceiveRing.MostRings)
            ring = Map(number, memory);
        _ = Kernel.Close(memory);
        return ring == null ? Errno.ENOBUFS : Errno.None;
    }

    private static ReceiveRingHeader* Map(int number, int memory)
    {
        fixed (ulong* addresses = Mapped.Of)
        {
            nuint* place = (nuint*)addresses + number;

            // In place of an older ring of this number, of which a thread may still be on its way out.
            nint at = Kernel.MapShared((nint)(*place), ReceiveRing.WholeOctets, memory);
            if (at > 0 && Interlocked.CompareExchange(ref *place, (nuint)at, 0) is var first && first != 0 && first != (nuint)at)
            {
                Kernel.UnmapMemory(at, ReceiveRing.WholeOctets);
                at = Kernel.MapShared((nint)first, ReceiveRing.WholeOctets, memory);
            }

            return at > 0 ? (ReceiveRingHeader*)at : null;
        }
    }

    private struct Addresses
    {
        public fixed ulong Of[ReceiveRing.MostRings + 1];
    }
}
