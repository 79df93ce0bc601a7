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
    /// Set to the ring that could not take it: the kernel socket's message has to say that it makes a detour, and afterwards
    /// <see cref="EndDetour"/> is called.
    /// </param>
    internal static bool TrySend(
        int fd, MessageHeader* message, DatagramHeader* header, nuint payload, ref SendRingHeader* detour)
    {
        Slot* slot = SlotOf(fd);
        SendRingHeader* ring = Borrow(slot, fd, out bool hasLock);
        if (ring == null)
            return false;
        bool isSent = hasLock && SendRingWriter.TryWrite(ring, message, header, payload);
        if (hasLock)
            SendRingWriter.Release(ref slot->Lock);
        if (isSent)
        {
            RingIfAsleep(fd, ring);
            _ = Interlocked.Add(ref slot->Users, -1);
            return true;
        }

        SendRingWriter.AnnounceDetour(ring);
        detour = ring;
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

    /// <summary>The message that was to make a detour has been sent, or has not.</summary>
    internal static void EndDetour(int fd, SendRingHeader* detour, bool isSent)
    {
        if (!isSent)
            SendRingWriter.TakeDetourBack(detour);
        _ = Interlocked.Add(ref SlotOf(fd)->Users, -1);
    }

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
        slot->Fd = fd;
        slot->HasRing = 0;
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
        slot->HasRing = 1;
        slot->Count = 0;
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

    private struct Slot
    {
        /// <summary>A try-lock.</summary>
        public int Lock;

        public int Fd;
        public int HasRing;

        /// <summary>Messages since <see cref="Begin"/>, or since there is a ring.</summary>
        public int Count;

        public long Begin;

        /// <summary>Threads at work with what is mapped at <see cref="Address"/>.</summary>
        public int Users;

        /// <summary>The socket's, because its descriptor's number may have become another's.</summary>
        public ulong Cookie;

        /// <summary>Where a ring is mapped, or 0: once there is one, it stays the slot's.</summary>
        public nint Address;
    }

    private struct Slots
    {
        // The size of Slot: 4 * 4 + 8 + 4, aligned to 8, + 8 + 8.
        public fixed byte Octets[SlotCount * 48];
    }
}
