using System.Buffers;
using System.Runtime.InteropServices;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// The notes in what a program writes to one connection (<see cref="StreamNote"/>). A read that has met one says so, and ends
/// with the message that the note is in: others need not be searched. Whoever has not the program's end of the connection cannot
/// write there, so a note needs no other proof.
/// </summary>
/// <remarks>
/// It mostly stands at the end of what was read. Behind it may be the message that it is about (<see cref="StreamOption.Urgent"/>), or what
/// sendfile(2) has put into the same one (Linux before 6.5), and its own end may be left for the next read.
/// </remarks>
internal sealed unsafe class StreamNotes(int descriptor, TcpSocket tcp, ulong mark)
{
    private int _olderNoDelay;
    private int _olderKeepAlive;

    /// <summary>Octets to pass on until an urgent one, that included; 0 if none is known of.</summary>
    private int _untilUrgent;

    /// <summary>Octets of a note.</summary>
    public static int Length => sizeof(StreamNote);

    /// <summary>
    /// The program has set the option by a request: what it had told before, and still waits to be read, must not undo that.
    /// </summary>
    public void Outdate(StreamOption option)
    {
        int waiting = 0;
        _ = Libc.ioctl(descriptor, Constants.FioNRead, &waiting);
        Older(option) = waiting;
    }

    /// <summary>So many octets have been read and passed on.</summary>
    public void Count(int octets, Instant now)
    {
        CountRead(octets);
        CountPassed(octets, now);
    }

    private void CountRead(int octets)
    {
        if ((_olderNoDelay | _olderKeepAlive) == 0)
            return;
        _olderNoDelay = Math.Max(0, _olderNoDelay - octets);
        _olderKeepAlive = Math.Max(0, _olderKeepAlive - octets);
    }

    /// <summary>Takes over what a read with a note has put into the send buffer.</summary>
    /// <param name="pieces">What <see cref="TcpSocket.GetSendPieces"/> has given.</param>
    /// <param name="length">The octets read.</param>
    /// <param name="isFull">Whether the pieces are full, so that something may be cut off.</param>
    /// <param name="now">The moment.</param>
    public void TakeOver(ReadOnlySpan<Memory<byte>> pieces, int length, bool isFull, Instant now)
    {
        byte[] octets = ArrayPool<byte>.Shared.Rent(length + Length);
        int gathered = 0;
        foreach (Memory<byte> piece in pieces)
        {
            int part = Math.Min(piece.Length, length - gathered);
            piece.Span[..part].CopyTo(octets.AsSpan(gathered));
            gathered += part;
        }
        int begin = Find(octets, length, isFull);
        int before = begin < 0 ? length : begin;
        tcp.CommitSend(before, now);
        CountPassed(before, now);
        if (begin >= 0)
            Heed(octets, begin, length, filler: 0, now);
        else
            CountRead(length);
        ArrayPool<byte>.Shared.Return(octets);
    }

    /// <summary>
    /// Drops the filler of a connect, and takes over what stands behind it. A note may stand behind it or, if it is long, within it:
    /// the kernel takes what is larger than a message in pieces, and another thread may come between.
    /// </summary>
    /// <param name="octets">What was read, with room for another note behind it.</param>
    /// <param name="filler">Octets of filler that were left.</param>
    /// <param name="length">Octets read.</param>
    /// <param name="hasNote">Whether a note is among them.</param>
    /// <param name="isFull">Whether something may be cut off.</param>
    /// <param name="now">The moment.</param>
    /// <returns>Octets of filler that are still to come.</returns>
    public int TakeWithFiller(byte[] octets, int filler, int length, bool hasNote, bool isFull, Instant now)
    {
        int begin = hasNote ? Find(octets, length, isFull) : -1;
        int before = begin < 0 ? length : begin;
        if (before > filler)
            Send(octets.AsSpan(filler, before - filler), now);
        filler = Math.Max(0, filler - before);
        if (begin < 0)
        {
            CountRead(length);
            return filler;
        }
        filler -= Heed(octets, begin, length, filler, now);
        if (filler > 0 && _untilUrgent > 0)
            TakeUrgentMessage(octets, now);
        return filler;
    }

    /// <summary>
    /// Where the note begins, or -1. What may be missing of it is looked up behind what was read, before anything is looked for: the
    /// last mark is the note's, and a program may have written the same octets before, such as an image of its own memory.
    /// </summary>
    private int Find(byte[] octets, int length, bool isFull)
    {
        int known = length;
        if (isFull)
        {
            fixed (byte* rest = &octets[length])
                known += Math.Max(0, (int)Libc.recv(descriptor, rest, (nuint)Length, Constants.MsgDontwait | Constants.MsgPeek));
        }
        // What is looked up may reach into the next note, whose mark begins behind what was read.
        int end = Math.Min(known, length + sizeof(ulong) - 1);
        int at = octets.AsSpan(0, end).LastIndexOf(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in mark)));
        return at >= 0 && at + Length <= known ? at : -1; // -1: no note of ours
    }

    /// <summary>Does what the note says, with all before it passed on, and passes on what is behind it, but for so much filler.</summary>
    /// <returns>Octets of filler that it has met.</returns>
    private int Heed(byte[] octets, int begin, int length, int filler, Instant now)
    {
        StreamNote note = MemoryMarshal.Read<StreamNote>(octets.AsSpan(begin));
        int end = begin + Length;
        if (note.Option == StreamOption.Urgent)
            _untilUrgent = Math.Max(0, note.Value);
        else if (begin >= Older(note.Option))
            Set(note);
        int met = 0;
        if (end < length)
        {
            int own = note.Option == StreamOption.Urgent ? Math.Min(_untilUrgent, length - end) : 0;
            met = Math.Min(filler, length - end - own);
            Send(octets.AsSpan(end, own), now);
            Send(octets.AsSpan(end + own + met, length - end - own - met), now);
        }
        else if (end > length)
        {
            fixed (byte* rest = &octets[length])
                length += Math.Max(0, (int)Libc.recv(descriptor, rest, (nuint)(end - length), Constants.MsgDontwait));
        }
        CountRead(length);
        return met;
    }

    /// <summary>The rest of the message that an urgent octet ends: behind it there is filler again.</summary>
    private void TakeUrgentMessage(byte[] octets, Instant now)
    {
        nint length;
        fixed (byte* start = octets)
            length = Libc.recv(descriptor, start, (nuint)Math.Min(_untilUrgent, octets.Length), Constants.MsgDontwait);
        CountRead((int)Math.Max(0, length));
        Send(octets.AsSpan(0, (int)Math.Max(0, length)), now);
    }

    private void CountPassed(int octets, Instant now)
    {
        if (_untilUrgent == 0)
            return;
        if (octets >= _untilUrgent)
            tcp.MarkUrgent(octets - _untilUrgent, now);
        _untilUrgent = Math.Max(0, _untilUrgent - octets);
    }

    private void Set(in StreamNote note)
    {
        if (note.Option == StreamOption.NoDelay)
            tcp.NoDelay = note.Value != 0;
        else if (note.Option == StreamOption.KeepAlive)
            tcp.KeepAlive = note.Value != 0;
    }

    private ref int Older(StreamOption option)
    {
        if (option == StreamOption.KeepAlive)
            return ref _olderKeepAlive;
        return ref _olderNoDelay;
    }

    /// <summary>There is room, because it was read into room; none is left only if the connection has ended meanwhile.</summary>
    private void Send(ReadOnlySpan<byte> payload, Instant now)
    {
        while (!payload.IsEmpty && tcp.GetSendSpan() is { IsEmpty: false } free)
        {
            int part = Math.Min(free.Length, payload.Length);
            payload[..part].CopyTo(free);
            tcp.CommitSend(part, now);
            CountPassed(part, now);
            payload = payload[part..];
        }
    }
}
