using System.Diagnostics;
using System.Runtime.InteropServices;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// A short message of a program that was passed on by a look at it (MSG_PEEK) and still stands in its socket. To take it out tells the
/// program that it may write again, and wakes it if it waits in recv(2), where it finds nothing: the kernel asks nobody there what he
/// waits for. So a message that an answer is to follow is taken out when the answer has been written, which wakes the program anyway;
/// at the latest when the loop is about to sleep, or has worked for long: it may be many small ones, which fill the socket.
/// </summary>
/// <remarks>
/// Measured as medians of interleaved ping-pongs: 0.92 and 0.96 of the time on our own network; on a stock switch 0.98, and where each
/// process is kept on one processor 0.9. It costs a system call, for which programs that wait in epoll_wait(2) get nothing; most of these have
/// many sockets, and a loop that hears of more than one at a time does not do it.
/// </remarks>
internal struct PeekedMessage
{
    /// <summary>Octets of a message from which on it is taken out at once, because it would be copied twice.</summary>
    public const int Limit = 1024;

    /// <summary>This many messages in a row were answered before the next one came: the next will be, too.</summary>
    public const int EnoughAnswers = 4;

    private int _length;
    private int _answers;
    private bool _isAnswered;

    /// <summary>Whether there is one.</summary>
    public readonly bool IsThere => _length > 0;

    /// <summary>The program was given something.</summary>
    public void NoteAnswer() => _isAnswered = true;

    /// <summary>The socket is about to be read.</summary>
    /// <returns>True if what is in it is likely to be answered.</returns>
    public bool NoteRead()
    {
        _answers = _isAnswered ? Math.Min(_answers + 1, EnoughAnswers) : 0;
        _isAnswered = false;
        return _answers == EnoughAnswers;
    }

    /// <summary>Passes on what stands in the socket, of which nothing may have been peeked at, and leaves it there.</summary>
    /// <returns>What the socket has said, or null if it is to be read as usual, because it holds much or a note.</returns>
    public PumpStop? TryPass(EventLoop loop, int descriptor, TcpSocket tcp, StreamNotes? notes, Instant now)
    {
        Memory<byte> free = default;
        if (tcp.GetSendPieces(new Span<Memory<byte>>(ref free)) == 0)
            return PumpStop.Full;
        Span<byte> octets = free.Span[..Math.Min(free.Length, Limit)];
        nint length = StreamPump.Receive(descriptor, octets, out bool hasNote, Constants.MsgPeek);
        var error = (Errno)Marshal.GetLastPInvokeError();
        bool isWhole = length > 0 && length < octets.Length && !hasNote;
        _length = isWhole ? (int)length : 0;
        tcp.CommitSend(_length, now); // what was not filled is given back
        if (isWhole)
        {
            notes?.Count(_length, now);
            loop.NoteHeard(_length);
            return PumpStop.Empty; // what comes next is a new event, an end too
        }
        if (length <= 0)
            return StreamPump.WhyNothing(length, error); // an error is told once, to whoever peeks as well
        _answers = 0; // the next one may be as long
        return null;
    }

    /// <summary>Takes the message out of the socket, if there is one.</summary>
    public void TakeOut(int descriptor, Span<byte> waste)
    {
        while (_length > 0)
        {
            nint length = StreamPump.Receive(descriptor, waste[.._length], out _);
            _length = length > 0 ? _length - (int)length : 0;
            if (length <= 0) // or they would be passed on twice
                throw new UnreachableException("octets that were peeked at are no longer in the socket");
        }
    }
}
