using Pyco.Host.Protocol;
using Pyco.Stack;
using static Pyco.Posix.Constants;
using static Pyco.Shim.Numbers;

namespace Pyco.Shim;

/// <summary>
/// The rings through which this process's busy UDP sockets send (<see cref="SendRing"/>): which it has mapped, and which sockets
/// are busy. Whatever stands in a ring's way, the message goes through the kernel socket instead.
/// </summary>
internal static unsafe class SendRings
{
    private const int SlotCount = 64;

    /// <summary>A socket is busy that sends so many messages within <see cref="BusyPeriod"/>: 50,000 a second.</summary>
    private const int BusyCount = 500;

    private const long BusyPeriod = 10; // milliseconds

    /// <summary>A refusal is asked about again after so many messages.</summary>
    private const int AfterRefusal = -50_000;

    /// <summary>Every so many messages it is looked whether the host is there.</summary>
    private const int LookInterval = 64;

    private static Slots Known;

    /// <summary>Sends a message through the socket's ring, if it has one that can take it now.</summary>
    /// <param name="fd">A UDP socket of ours.</param>
    /// <param name="message">The payload.</param>
    /// <param name="header">What goes before the payload, or null.</param>
    /// <param name="payload">Its length.</param>
    /// <param name="detour">
    /// With the ring that could not take it: the kernel socket's message has to say that it makes a detour. Whether there is a ring or
    /// not, <see cref="AfterDetour"/> is called when it has been sent.
    /// </param>
    internal static bool TrySend(int fd, MessageHeader* message, DatagramHeader* header, nuint payload, out Detour detour)
    {
        detour = default;
        Slot* slot = SlotOf(fd);
        SendRingHeader* ring = Borrow(slot, fd, out bool hasLock);
        if (ring == null)
            return false;
        int strays = slot->Strays;
        bool isSent = hasLock && slot->StraysPassed == strays && SendRingWriter.TryWrite(ring, message, header, payload);
        if (hasLock)
            SendRingWriter.Release(ref slot->Lock);
        if (isSent)
        {
            RingIfAsleep(fd, ring);
            _ = Interlocked.Add(ref slot->Users, -1);
            return true;
        }

        SendRingWriter.AnnounceDetour(ring);
        detour = new() { Ring = ring, Strays = strays };
        return false;
    }

    /// <summary>
    /// The socket's ring, or null. As long as it is counted among the users, nothing else is mapped in its place; nobody may
    /// write to it without the lock of its slot, which a signal handler does not get over its owner.
    /// </summary>
    private static SendRingHeader* Borrow(Slot* slot, int fd, out bool hasLock)
    {
        hasLock = SendRingWriter.TryLock(ref slot->Lock);
        SendRingHeader* ring;
        if (hasLock)
        {
            ring = Find(slot, fd);
            if (ring != null)
                _ = Interlocked.Add(ref slot->Users, 1);
            else
                SendRingWriter.Release(ref slot->Lock);
            return ring;
        }

        _ = Interlocked.Add(ref slot->Users, 1);
        ring = slot->Fd == fd && slot->HasRing != 0 ? (SendRingHeader*)slot->Address : null;
        if (ring == null)
            _ = Interlocked.Add(ref slot->Users, -1);
        return ring;
    }

    /// <summary>The message has been sent through the kernel socket, or could not be.</summary>
    internal static void AfterDetour(int fd, in Detour detour, bool isSent)
    {
        Slot* slot = SlotOf(fd);
        if (detour.Ring == null)
        {
            // Another thread, or the one that this signal handler has interrupted, may have got a ring meanwhile.
            if (slot->HasRing != 0 && slot->Fd == fd)
                NoteStray(slot);
            return;
        }

        if (isSent)
            slot->StraysPassed = detour.Strays;
        else
            SendRingWriter.TakeDetourBack(detour.Ring);
        _ = Interlocked.Add(ref slot->Users, -1);
    }

    private static void NoteStray(Slot* slot) => _ = Interlocked.Add(ref slot->Strays, 1);

    private static Slot* SlotOf(int fd)
    {
        fixed (Slots* slots = &Known)
            return (Slot*)slots->Octets + (fd % SlotCount); // statics do not move: there is no garbage collector
    }

    private static SendRingHeader* Find(Slot* slot, int fd)
    {
        if (slot->Fd != fd)
            Forget(slot, fd);
        slot->Count++;
        if (slot->HasRing == 0)
            return slot->Count >= BusyCount && IsBusy(slot) ? Attach(slot, fd) : null;
        SendRingHeader* ring = (SendRingHeader*)slot->Address;
        bool isGone = ring->IsClosed != 0 || Descriptor.Cookie(fd) != slot->Cookie ||
            (slot->Count % LookInterval == 0 && (Kernel.PollNow(fd, 0) & PollHup) != 0);
        if (!isGone)
            return ring;
        Forget(slot, fd);
        return null;
    }

    private static void Forget(Slot* slot, int fd)
    {
        slot->HasRing = 0; // before the number changes: who has no lock looks at that first
        slot->Fd = fd;
        slot->Count = 0;
        slot->Begin = 0;
    }

    private static bool IsBusy(Slot* slot)
    {
        long now = Kernel.Milliseconds();
        bool isBusy = now - slot->Begin <= BusyPeriod;
        slot->Begin = now;
        slot->Count = 0;
        return isBusy;
    }

    private static SendRingHeader* Attach(Slot* slot, int fd)
    {
        slot->Count = AfterRefusal;
        if (slot->Address != 0 && slot->Users != 0)
            return null; // others are still at work with the older ring
        Request request = default;
        request.Operation = Operation.GetSendRing;
        Reply reply;
        int memory;
        Errno error = HostRequest.Ask(fd, &request, &reply, &memory);
        if (memory < 0)
            return null;

        // In place of the slot's older ring.
        nint at = error == Errno.None ? Kernel.MapShared(slot->Address, SendRing.WholeOctets, memory) : -1;
        _ = Kernel.Close(memory);
        if (at <= 0)
            return null;
        slot->Address = at;
        slot->Cookie = Descriptor.Cookie(fd);
        slot->Count = 0;
        NoteStray(slot); // for all that was sent before
        slot->HasRing = 1;
        return (SendRingHeader*)at;
    }

    /// <summary>Wakes the host if it sleeps. If its queue is full it is about to wake.</summary>
    private static void RingIfAsleep(int fd, SendRingHeader* ring)
    {
        int wish = ring->WantsBell;
        if (wish == 0)
            return;
        DatagramHeader header = default;
        StackHost.Sign(&header);
        header.Error = SendSignal.Bell;
        IoVector vector = new() { Base = (byte*)&header, Length = (nuint)sizeof(DatagramHeader) };
        MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
        nint sent = Kernel.SendMessage(fd, &message, MsgDontwait | MsgNosignal);
        if (sent >= 0 || sent == -(int)Errno.EAGAIN)
            _ = Interlocked.CompareExchange(ref ring->WantsBell, 0, wish);
    }

    /// <summary>What a message has to remember that goes through the kernel socket.</summary>
    internal struct Detour
    {
        /// <summary>The ring that could not take it, or null.</summary>
        public SendRingHeader* Ring;

        /// <summary>What <see cref="Slot.Strays"/> was before it was sent.</summary>
        public int Strays;
    }

    private struct Slot
    {
        /// <summary>A try-lock.</summary>
        public int Lock;

        public volatile int Fd;
        public volatile int HasRing;

        /// <summary>Messages since <see cref="Begin"/>, or since there is a ring.</summary>
        public int Count;

        public long Begin;

        /// <summary>Threads at work with what is mapped at <see cref="Address"/>.</summary>
        public int Users;

        /// <summary>
        /// Counts messages that may be in the kernel socket's queue and that the host cannot tell from those before the ring: when there is
        /// a ring, and when one comes that was sent without.
        /// </summary>
        public volatile int Strays;

        /// <summary>
        /// What that count was before a detour that has been sent: when the host has read that, it has read them too. The ring is not
        /// written to while there are others.
        /// </summary>
        public volatile int StraysPassed;

        /// <summary>The socket's, because its descriptor's number may have become another's.</summary>
        public ulong Cookie;

        /// <summary>Where a ring is mapped, or 0: once there is one, it stays the slot's.</summary>
        public nint Address;
    }

    private struct Slots
    {
        // The size of Slot: 4 * 4 + 8 + 3 * 4, aligned to 8, + 8 + 8.
        public fixed byte Octets[SlotCount * 56];
    }
}
