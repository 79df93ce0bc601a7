using System.Diagnostics;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Sockets;

namespace Pyco.Host.Bridge;

/// <summary>
/// A short message of a program that was passed on by a look at it (MSG_PEEK) and still stands in its socket. To take it out tells the
/// program that it may write again, and wakes it if it waits in recv(2), where it finds nothing: the kernel asks nobody there what he
/// waits for. So a message that an answer is to follow is taken out when the answer has been written, which wakes the program anyway;
/// at the latest when the loop is about to sleep.
/// </summary>
/// <remarks>
/// Measured as medians of interleaved ping-pongs: 0.92 and 0.96 of the time on our own network; on a stock switch 0.98, and where each
/// process is kept on one processor 0.9. It costs a system call, which programs that wait in epoll_wait(2) gain nothing for; so only a
/// loop that hears of one socket at a time does it.
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

    /// <summary>The program was given something.</summary>
    public void NoteAnswer() => _isAnswered = true;

    /// <summary>The program has sent something.</summary>
    /// <returns>True if an answer is likely to follow.</returns>
    public bool NoteMessage()
    {
        _answers = _isAnswered ? Math.Min(_answers + 1, EnoughAnswers) : 0;
        _isAnswered = false;
        return _answers == EnoughAnswers;
    }

    /// <summary>Passes on what stands in the socket, of which nothing may have been peeked at, and leaves it there.</summary>
    /// <returns>False if that is nothing, much, or has a note, and then nothing has happened.</returns>
    public bool TryPass(EventLoop loop, int descriptor, TcpSocket tcp, StreamNotes? notes, Instant now)
    {
        Memory<byte> free = default;
        if (tcp.GetSendPieces(new Span<Memory<byte>>(ref free)) == 0)
            return false;
        Span<byte> octets = free.Span[..Math.Min(free.Length, Limit)];
        nint length = StreamPump.Receive(descriptor, octets, out bool hasNote, Constants.MsgPeek);
        bool isWhole = length > 0 && length < octets.Length && !hasNote;
        _length = isWhole ? (int)length : 0;
        tcp.CommitSend(_length, now); // what was not filled is given back
        notes?.Count(_length);
        loop.NoteHeard(_length);
        return isWhole;
    }

    /// <summary>Takes the message out of the socket, if there is one.</summary>
    public void TakeOut(int descriptor, Span<byte> waste)
    {
        while (_length > 0)
        {
            nint length = StreamPump.Receive(descriptor, waste[.._length], out _);
            if (length <= 0) // it would be passed on twice
                throw new UnreachableException($"{_length} octets that were peeked at are no longer in the socket");
            _length -= (int)length;
        }
    }
}
