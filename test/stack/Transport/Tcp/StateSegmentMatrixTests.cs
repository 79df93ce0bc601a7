using Pyco.Stack.Tests.Testing;

namespace Pyco.Stack.Tests.Transport.Tcp;

/// <summary>Every synchronized state meets every kind of segment (RFC 9293 §3.10.7.4, with RFC 5961's answers).</summary>
internal sealed class StateSegmentMatrixTests
{
    private const string Same = "";
    private const string Silence = "";
    private const string Anything = "*";

    private static readonly State[] States =
    [
        new("ESTABLISHED", Una: 1, Nxt: 1, RcvNxt: 1, trace => trace),
        new("FIN-WAIT-1", Una: 1, Nxt: 2, RcvNxt: 1, trace => trace.AppFinishesSending()),
        new("FIN-WAIT-2", Una: 2, Nxt: 2, RcvNxt: 1, trace => trace.AppFinishesSending().PeerSends("1:1(0) ack 2")),
        new("CLOSE-WAIT", Una: 1, Nxt: 1, RcvNxt: 2, trace => trace.PeerSends("F. 1:1(0) ack 1")),
        new("CLOSING", Una: 1, Nxt: 2, RcvNxt: 2, trace => trace.AppFinishesSending().PeerSends("F. 1:1(0) ack 1")),
        new("LAST-ACK", Una: 1, Nxt: 2, RcvNxt: 2, trace => trace.PeerSends("F. 1:1(0) ack 1").AppFinishesSending()),
    ];

    // R is RCV.NXT, N is SND.NXT, U is SND.UNA.
    private static readonly Kind[] Kinds =
    [
        new("RST at RCV.NXT", "R {R}:{R}(0)", Silence, _ => "CLOSED"),
        new("RST elsewhere in the window", "R {R+100}:{R+100}(0)", "ack", _ => Same),
        new("RST before the window", "R {R-10}:{R-10}(0)", Silence, _ => Same),
        new("RST beyond the window", "R {R+100000000}:{R+100000000}(0)", Silence, _ => Same),
        new("SYN in the window", "S {R}:{R}(0)", "ack", _ => Same),
        new("SYN before the window", "S {R-10}:{R-10}(0)", "ack", _ => Same),
        new("SYN with ACK", "S. {R}:{R}(0) ack {N}", "ack", _ => Same),
        new("no ACK bit", "{R}:{R}(0)", Silence, _ => Same),
        new("data before the window", "{R-10}:{R-5}(5) ack {N}", "ack", _ => Same),
        new("data beyond the window", "{R+100000000}:{R+100000005}(5) ack {N}", "ack", _ => Same),
        new("an ACK of what was never sent", "{R}:{R}(0) ack {N+10}", "ack", _ => Same),
        new("a duplicate ACK", "{R}:{R}(0) ack {U}", Silence, _ => Same),
        new("an ACK of all", "{R}:{R}(0) ack {N}", Silence, OnAckOfAll),
        new("data and an ACK of all", "{R}:{R+5}(5) ack {N}", Anything, OnAckOfAll),
        new("FIN", "F. {R}:{R}(0) ack {U}", Anything, state => OnFin(state, ofAll: false)),
        new("FIN and an ACK of all", "F. {R}:{R}(0) ack {N}", Anything, state => OnFin(state, ofAll: true)),
    ];

    [Test]
    public void Each_state_answers_each_segment_as_the_RFC_says(
        [ValueSource(nameof(States))] State state, [ValueSource(nameof(Kinds))] Kind kind, [Values] bool timestamps)
    {
        Trace trace = Trace.Established(timestamps ? "mss 1000,TS val 1000 ecr 0" : "mss 1000");
        state.Enter(trace).StateIs(state.Name).Skip();

        trace.PeerSends(state.Fill(kind.Segment) + (timestamps ? " <TS val 1001 ecr 0>" : ""));

        if (kind.Answer == "ack")
            trace.StackSends(state.Fill("{N}:{N}(0) ack {R}"));
        if (kind.Answer != Anything)
            trace.StackIsSilent();
        string expected = kind.Next(state.Name);
        trace.StateIs(expected == Same ? state.Name : expected);
    }

    [Test]
    public void In_each_state_an_older_timestamp_makes_a_segment_an_old_duplicate(
        [ValueSource(nameof(States))] State state, [ValueSource(nameof(Kinds))] Kind kind)
    {
        Trace trace = Trace.Established("mss 1000,TS val 1000 ecr 0");
        state.Enter(trace).StateIs(state.Name).Skip();

        trace.PeerSends(state.Fill(kind.Segment) + " <TS val 999 ecr 0>");

        bool isRst = kind.Segment.StartsWith('R'); // is not looked at by its timestamp (RFC 7323 §5.2)
        string answer = isRst ? kind.Answer : "ack";
        if (answer == "ack")
            trace.StackSends(state.Fill("{N}:{N}(0) ack {R} <TS val * ecr 1000>"));
        string expected = isRst ? kind.Next(state.Name) : Same;
        trace.StackIsSilent().StateIs(expected == Same ? state.Name : expected);
    }

    private static string OnAckOfAll(string state) => state switch
    {
        "FIN-WAIT-1" => "FIN-WAIT-2",
        "CLOSING" => "TIME-WAIT",
        "LAST-ACK" => "CLOSED",
        _ => Same,
    };

    private static string OnFin(string state, bool ofAll) => state switch
    {
        "ESTABLISHED" => "CLOSE-WAIT",
        "FIN-WAIT-1" => ofAll ? "TIME-WAIT" : "CLOSING",
        "FIN-WAIT-2" => "TIME-WAIT",
        _ => ofAll ? OnAckOfAll(state) : Same, // the peer's FIN has been taken already
    };

    /// <summary>A state, its variables relative to the ISSs, and the way to it from ESTABLISHED.</summary>
    internal sealed record State(string Name, int Una, int Nxt, int RcvNxt, Func<Trace, Trace> Enter)
    {
        public override string ToString() => Name;

        /// <summary>Puts numbers in the place of <c>{R+5}</c> and the like.</summary>
        public string Fill(string text) => System.Text.RegularExpressions.Regex.Replace(
            text, @"\{([RNU])([+-]\d+)?\}", match =>
            {
                int number = match.Groups[1].Value switch { "R" => RcvNxt, "N" => Nxt, _ => Una };
                int offset = match.Groups[2].Success
                    ? int.Parse(match.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : 0;
                return (number + offset).ToString(System.Globalization.CultureInfo.InvariantCulture);
            });
    }

    /// <summary>A kind of segment, what the stack answers, and the state that follows.</summary>
    internal sealed record Kind(string Name, string Segment, string Answer, Func<string, string> Next)
    {
        public override string ToString() => Name;
    }
}
