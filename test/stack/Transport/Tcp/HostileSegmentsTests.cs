using CsCheck;
using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>
/// Segments that no honest peer would send, to a connection in every state: no exception, no leak, and the program never
/// reads an octet that is not the stream's.
/// </summary>
internal sealed class HostileSegmentsTests
{
    /// <summary>More than any window: where a stranger's guess falls.</summary>
    private const int FarAway = 100_000_000;

    private static readonly (string Name, Func<Trace> Enter)[] States =
    [
        ("SYN-SENT", () => new Trace().AppConnects()),
        ("SYN-RECEIVED", () => new Trace().AppConnects().PeerSends("S 0:0(0) <mss 1000>")),
        ("ESTABLISHED", () => Trace.Established("mss 1000,sackOK,TS val 1000 ecr 0,wscale 3")),
        ("ESTABLISHED", () => Trace.Established("mss 1000,sackOK").AppWrites(20_000)),
        ("FIN-WAIT-1", () => Trace.Established().AppWrites(5000).AppFinishesSending()),
        ("FIN-WAIT-2", () => Trace.Established().AppFinishesSending().PeerSends("1:1(0) ack 2")),
        ("CLOSE-WAIT", () => Trace.Established("mss 1000,sackOK").PeerSends("F. 1:1(0) ack 1").AppWrites(5000)),
        ("CLOSING", () => Trace.Established().AppFinishesSending().PeerSends("F. 1:1(0) ack 1")),
        ("LAST-ACK", () => Trace.Established().PeerSends("F. 1:1(0) ack 1").AppFinishesSending()),
        ("TIME-WAIT", () => Trace.Established().AppFinishesSending().PeerSends("F. 1:1(0) ack 2")),
        ("CLOSED", () => Trace.Established().AppAborts()),
    ];

    private static readonly Gen<int> Near = Gen.OneOf(
        Gen.Int[-3, 12], Gen.Int[-3000, 30_000], Gen.Int[-100_000, 100_000], Gen.Int[-2_000_000_000, 2_000_000_000]);

    private static readonly Gen<Hostile> Segments = Gen.Select(
        Gen.Int[0, 63], Near, Near, Gen.Int[0, 60], Gen.OneOf(Gen.Const(0), Gen.Int[0, 65535]), Options(),
        Gen.OneOf(Gen.Const(0), Gen.Int[1, 400]),
        (flags, seq, ack, length, window, options, wait) => new Hostile(flags, seq, ack, length, window, options, wait));

    [Test]
    public void Any_segments_in_any_state([Range(0, 10)] int index)
    {
        (string name, Func<Trace> enter) = States[index];
        Segments.Array[1, 40].Sample(
            segments =>
            {
                Trace trace = enter().StateIs(name);
                double seconds = 0;
                foreach (Hostile segment in segments)
                {
                    seconds += segment.WaitMilliseconds / 1000.0;
                    trace.At(seconds).PeerSendsWithOptions(segment.Text, segment.Options);
                    if (name != "SYN-SENT") // there the peer's numbers are still anybody's
                        ReadAndCheck(trace);
                }
                trace.Skip();
                trace.Socket.Abort(trace.Now);
                trace.At(seconds + 200);
                return trace.FramesOutstanding == 0;
            },
            iter: 150, threads: 1);
    }

    [Test]
    public void Any_segments_out_of_the_window_among_honest_ones_cannot_change_the_stream() =>
        Segments.Array[20].Sample(
            segments =>
            {
                Trace trace = Trace.Established("mss 1000,sackOK,TS val 1000 ecr 0,wscale 3");
                int place = 1;
                foreach (Hostile segment in segments)
                {
                    Hostile blind = segment with { Seq = segment.Seq + (segment.Seq < 0 ? -FarAway : FarAway) };
                    trace.PeerSendsWithOptions(blind.Text, blind.Options);
                    trace.PeerSends($"{place}:{place + 10}(10) ack 1 <TS val 2000 ecr 0>");
                    place += 10;
                }
                Assert.That(trace.Socket.ReceivedOctets, Is.EqualTo(place - 1));
                ReadAndCheck(trace);
                return trace.Socket.StateName == "ESTABLISHED";
            },
            iter: 300, threads: 1);

    /// <summary>Well-formed and malformed lists, and noise.</summary>
    private static Gen<byte[]> Options() => Gen.OneOf(
        Gen.Const(Array.Empty<byte>()),
        Gen.Byte.Array[1, 40],
        Gen.Select(Gen.Byte[0, 9], Gen.Byte[0, 42], Gen.Byte.Array[0, 38], (kind, length, rest) => (byte[])[kind, length, .. rest]),
        Gen.Select(Gen.UInt, Gen.UInt, (value, echo) => (byte[])
            [1, 1, 8, 10, .. BitConverter.GetBytes(value), .. BitConverter.GetBytes(echo)]),
        Gen.Byte.Array[32].Select(blocks => (byte[])[1, 1, 5, 34, .. blocks]));

    /// <summary>What is readable follows the pattern of the trace's payloads, from where the last call ended.</summary>
    private static void ReadAndCheck(Trace trace)
    {
        ReadOnlyMemory<byte>[] pieces = new ReadOnlyMemory<byte>[64];
        int count = trace.Socket.PeekReceived(pieces);
        int length = 0;
        foreach (ReadOnlyMemory<byte> piece in pieces.AsSpan(0, count))
        {
            foreach (byte octet in piece.Span)
            {
                int place = (int)trace.OctetsRead + length;
                Assert.That(octet, Is.EqualTo((byte)('a' + (place % 26))), $"octet {place}");
                length++;
            }
        }
        trace.AppReads(length);
    }

    private sealed record Hostile(
        int Flags, int Seq, int Ack, int Length, int Window, byte[] Options, int WaitMilliseconds)
    {
        private const int Fin = 1;
        private const int Syn = 2;
        private const int Rst = 4;
        private const int AckBit = 16;

        public string Text
        {
            get
            {
                string letters = string.Concat(
                    ((Flags & Syn) != 0 ? "S" : ""), ((Flags & Fin) != 0 ? "F" : ""), ((Flags & Rst) != 0 ? "R" : ""), ".");
                string ack = (Flags & AckBit) != 0 ? $" ack {Ack}" : "";
                return $"{letters} {Seq}:{Seq + Length}({Length}){ack} win {Window}";
            }
        }
    }
}
