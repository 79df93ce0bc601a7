using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>Why a transfer has stopped.</summary>
internal enum PumpStop
{
    /// <summary>There is nothing more to move: the source will tell when there is.</summary>
    Empty,

    /// <summary>The other side takes no more: it will tell when it does.</summary>
    Full,

    /// <summary>It could go on, but others have their turn.</summary>
    TurnOver,

    /// <summary>The source has said that nothing more comes.</summary>
    End,

    /// <summary>The kernel socket is broken; the errno is as the system call left it.</summary>
    Failed,
}

/// <summary>
/// Moves octets between a kernel stream socket and a TCP socket of the stack, never more than the other side takes: what
/// is not taken stays where it is, and pushes back to who sent it.
/// </summary>
internal static unsafe class StreamPump
{
    /// <summary>What one socket may move before the others have their turn.</summary>
    private const int OctetsPerTurn = 512 * 1024;

    /// <summary>
    /// What a read with a note counts for at least, because the kernel ends it there: many small ones would let the others wait,
    /// all the more if each brings as many descriptors to close as it can (253).
    /// </summary>
    private const int OctetsPerNote = OctetsPerTurn / 32;

    private const int PiecesPerWrite = 16;

    /// <summary>What one system call reads at most: 128 KB in chunks of 16 KB.</summary>
    private const int PiecesPerRead = 8;

    /// <summary>
    /// What it reads of a source that says little: the rest of a chunk and a whole one. A chunk that is rented and given back
    /// for nothing costs 30 ns, of 3.6 µs for a small message and its answer.
    /// </summary>
    private const int PiecesForLittle = 2;

    /// <summary>Reads straight into the tail of the send buffer.</summary>
    /// <param name="loop">Is told how much it was.</param>
    /// <param name="descriptor">The kernel socket.</param>
    /// <param name="tcp">Sends what is read.</param>
    /// <param name="hasMore">Whether there may be more behind a read that was short, such as an end, of which no further event tells.</param>
    /// <param name="saysMuch">Whether the source filled what the last read had asked for, which is what the first one here goes by.</param>
    /// <param name="notes">Takes the notes out of it; null where there are none.</param>
    /// <param name="now">The moment.</param>
    public static PumpStop ToStack(
        EventLoop loop, int descriptor, TcpSocket tcp, bool hasMore, ref bool saysMuch, StreamNotes? notes, Instant now)
    {
        FreePieces free = default;
        for (int budget = OctetsPerTurn; budget > 0;)
        {
            int count = tcp.GetSendPieces(free[..(saysMuch ? PiecesPerRead : PiecesForLittle)]);
            if (count == 0)
                return PumpStop.Full; // Writable will say when there is room
            nint length = Receive(descriptor, free[..count], out int wanted, out bool hasNote);
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (hasNote && notes is not null)
            {
                notes.TakeOver(free[..count], (int)length, length == wanted, now);
                budget -= Math.Max((int)length, OctetsPerNote);
                continue; // it was read up to the note: nobody knows whether it is empty
            }
            tcp.CommitSend((int)Math.Max(length, 0), now); // what was not filled is given back
            notes?.Count((int)Math.Max(length, 0), now);
            if (length > 0)
            {
                saysMuch = length == wanted || (saysMuch && length >= wanted / 4);
                loop.NoteHeard((int)length);
                budget -= (int)length;
                // Less than asked for: it is empty, and the next octet is a new event (epoll(7)). An end is none.
                if (length < wanted && !hasMore)
                    return PumpStop.Empty;
                continue;
            }
            if (WhyNothing(length, error) is { } stop)
                return stop;
        }
        return PumpStop.TurnOver;
    }

    /// <summary>Why a read has brought nothing; null if it is to be done again.</summary>
    /// <param name="length">What the call has answered.</param>
    /// <param name="error">Its errno.</param>
    public static PumpStop? WhyNothing(nint length, Errno error) =>
        length == 0 ? PumpStop.End
        : error == Errno.EAGAIN ? PumpStop.Empty
        : error == Errno.EINTR ? null
        : PumpStop.Failed;

    /// <summary>Writes what TCP has received, and consumes what the kernel took.</summary>
    public static PumpStop ToKernel(int descriptor, TcpSocket tcp, Instant now)
    {
        Pieces pieces = default;
        while (tcp.ReceivedOctets > 0)
        {
            int count = tcp.PeekReceived(pieces);
            nint sent = tcp.UrgentOffset is { } before ? SendUrgent(descriptor, pieces[..count], before) : Send(descriptor, pieces[..count]);
            if (sent > 0)
            {
                tcp.Consume((int)sent, now);
                continue;
            }
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error == Errno.EAGAIN)
                return PumpStop.Full;
            if (error != Errno.EINTR)
                return PumpStop.Failed;
        }
        return PumpStop.Empty;
    }

    /// <summary>Reads into one piece; tells whether it has met a note, or rather the descriptor that comes with one.</summary>
    public static nint Receive(int descriptor, Span<byte> octets, out bool hasNote, int flags = 0)
    {
        fixed (byte* start = octets)
        {
            IoVector vector = new() { Base = start, Length = (nuint)octets.Length };
            return Receive(descriptor, &vector, 1, out hasNote, flags);
        }
    }

    private static nint Receive(int descriptor, ReadOnlySpan<Memory<byte>> pieces, out int wanted, out bool hasNote)
    {
        IoVector* vectors = stackalloc IoVector[PiecesPerRead];
        wanted = 0;
        for (int index = 0; index < pieces.Length; index++)
        {
            Span<byte> piece = pieces[index].Span; // pinned, as all of the stack's chunks
            vectors[index].Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece));
            vectors[index].Length = (nuint)piece.Length;
            wanted += piece.Length;
        }
        return Receive(descriptor, vectors, pieces.Length, out hasNote);
    }

    /// <summary>Without room for control messages, the kernel closes descriptors itself and says that it has.</summary>
    private static nint Receive(int descriptor, IoVector* vectors, int count, out bool hasNote, int flags = 0)
    {
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
        nint length = Libc.recvmsg(descriptor, &message, flags | Constants.MsgDontwait);
        hasNote = length > 0 && (message.Flags & Constants.MsgCtrunc) != 0;
        return length;
    }

    private static nint Send(int descriptor, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        IoVector* vectors = stackalloc IoVector[PiecesPerWrite];
        for (int index = 0; index < pieces.Length; index++)
        {
            // The stack's chunks are pinned for their whole life.
            ReadOnlySpan<byte> piece = pieces[index].Span;
            vectors[index].Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece));
            vectors[index].Length = (nuint)piece.Length;
        }
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)pieces.Length };
        return Libc.sendmsg(descriptor, &message, Constants.MsgDontwait | Constants.MsgNosignal);
    }

    /// <summary>Sends what stands before the urgent octet, or that octet as such, whereupon the kernel does as it does for TCP.</summary>
    private static nint SendUrgent(int descriptor, Span<ReadOnlyMemory<byte>> pieces, int before)
    {
        if (before > 0)
            return Send(descriptor, pieces[..Shorten(pieces, before)]);
        fixed (byte* octet = pieces[0].Span)
        {
            nint sent = Libc.send(descriptor, octet, 1, Constants.MsgOob | Constants.MsgDontwait | Constants.MsgNosignal);
            // Linux before 5.15, or one that was built without CONFIG_AF_UNIX_OOB: in line.
            return sent < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EOPNOTSUPP
                ? Libc.send(descriptor, octet, 1, Constants.MsgDontwait | Constants.MsgNosignal)
                : sent;
        }
    }

    /// <summary>Cuts off all octets but the first ones.</summary>
    /// <returns>How many pieces are left.</returns>
    private static int Shorten(Span<ReadOnlyMemory<byte>> pieces, int octets)
    {
        for (int index = 0; index < pieces.Length; index++)
        {
            if (pieces[index].Length >= octets)
            {
                pieces[index] = pieces[index][..octets];
                return index + 1;
            }
            octets -= pieces[index].Length;
        }
        return pieces.Length;
    }

    [InlineArray(PiecesPerWrite)]
    private struct Pieces
    {
        private ReadOnlyMemory<byte> _first;
    }

    [InlineArray(PiecesPerRead)]
    private struct FreePieces
    {
        private Memory<byte> _first;
    }
}
