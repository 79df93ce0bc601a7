using Pyco.Host.Protocol;
using Pyco.Host.Tests.Testing;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests;

/// <summary>Options that programs tell between what they write on a connection.</summary>
internal sealed unsafe class StreamNoteTests : HostTest
{
    private const int NoDelay = OptionNumbers.TcpNoDelay;
    private const int Tcp = OptionNumbers.IpProtoTcp;

    [Test]
    public void A_note_sets_an_option_and_is_no_data([Values] bool byServer)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        (TestSocket teller, TestSocket other) = byServer ? (server, client) : (client, server);

        teller.PostNote(StreamOption.NoDelay, 1);
        Network.Settle();

        Assert.That(teller.GetOption(Tcp, NoDelay), Is.EqualTo(1));
        Assert.That(other.Events & Constants.PollIn, Is.Zero);
        AssertTheySpeak(client, server);
        teller.PostNote(StreamOption.NoDelay, 0);
        Network.Settle();
        Assert.That(teller.GetOption(Tcp, NoDelay), Is.Zero);
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_note_switches_keep_alive_on_and_off([Values] bool endsOff)
    {
        (TestSocket client, _) = Connect(80);
        client.PostNote(StreamOption.KeepAlive, 1);
        if (endsOff)
            client.PostNote(StreamOption.KeepAlive, 0);
        Network.Settle();

        Left.Link.IsCut = true;
        Network.Wait(TimeSpan.FromHours(3)); // probes begin after two

        Assert.That(client.Events & Constants.PollIn, endsOff ? Is.Zero : Is.Not.Zero);
        Assert.That(client.TakeError(), Is.EqualTo(endsOff ? Errno.None : Errno.ETIMEDOUT));
    }

    [Test]
    public void Data_around_notes_arrives_whole_and_in_order()
    {
        (TestSocket client, TestSocket server) = Connect(80);

        client.Post(Text("one "));
        client.PostNote(StreamOption.NoDelay, 1);
        client.Post(Text("two "));
        client.PostNote(StreamOption.KeepAlive, 1);
        client.PostNote(StreamOption.NoDelay, 0);
        client.Send(Text("three"));

        Assert.That(ReadText(server), Is.EqualTo("one two three"));
        Assert.That(client.GetOption(Tcp, NoDelay), Is.Zero);
    }

    /// <summary>Before Linux 6.5 sendfile(2) adds to the message that waits last.</summary>
    [Test]
    public void Data_in_the_message_of_a_note_arrives_whole([Values] bool isEarly, [Values("", "before ")] string before)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = isEarly;
        client.Connect(Right.Endpoint(80));

        client.Post(Text("first "));
        client.PostNote(StreamOption.NoDelay, 1, before, "behind ");
        client.Post(Text("last"));
        TestSocket server = FinishConnect(listener);

        Assert.That(ReadText(server), Is.EqualTo($"first {before}behind last"));
        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    [TestCase("")]
    [TestCase("a")]
    [TestCase("what a program writes early")]
    public void A_note_of_the_handshakes_time_is_heeded_when_it_ends(string early)
    {
        (TestSocket client, TestSocket listener) = BeginConnect();
        client.PostNote(StreamOption.NoDelay, 1);
        client.Post(Text(early));

        TestSocket server = FinishConnect(listener);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
        Assert.That(client.IsWritable, Is.True);
        Assert.That(ReadText(server), Is.EqualTo(early));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_note_whose_end_the_read_has_no_room_for_is_heeded_whole([Values(1, 8, 15)] int octetsLeft, [Values] bool hasNext)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        int octetsPerRead = Left.Bridge.MessageBuffer.Length - Bridge.StreamNotes.Length;
        client.ConnectWithFiller(Right.Endpoint(80), octetsPerRead - Bridge.StreamNotes.Length + octetsLeft);
        client.PostNote(StreamOption.NoDelay, 1);
        if (hasNext)
            client.PostNote(StreamOption.KeepAlive, 1); // what is looked up may reach into this one
        client.Post(Text("and more"));

        TestSocket server = FinishConnect(listener);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
        Assert.That(ReadText(server), Is.EqualTo("and more"));
        AssertTheySpeak(client, server);
    }

    /// <summary>As when a program sends an image of its own memory, and then the option.</summary>
    [Test]
    public void The_mark_in_data_is_no_note_where_the_read_cuts_off_the_note_behind_it([Values(1, 4, 7)] int octetsCutOff)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        client.ConnectWithFiller(Right.Endpoint(80), 1000);
        byte[] image = [.. BitConverter.GetBytes(Left.Credentials.Mark), .. new byte[octetsCutOff]];
        client.Post(image); // the first read ends 16 octets behind the filler
        client.PostNote(StreamOption.NoDelay, 1);
        client.Post(Text("and more"));

        TestSocket server = FinishConnect(listener);

        Assert.That(server.ReceiveAll(out _), Is.EqualTo((byte[])[.. image, .. Text("and more")]));
        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    /// <summary>As when another thread sets the option while connect() is still writing a long filler.</summary>
    [Test]
    public void A_note_within_the_filler_is_no_part_of_it([Values(1, 20_000, 39_999)] int fillerBefore)
    {
        const int filler = 40_000;
        (TestSocket client, TestSocket listener) = BeginConnect(filler, fillerBefore);
        client.PostNote(StreamOption.NoDelay, 1);
        client.Post(new byte[filler - fillerBefore]);
        client.Post(Text("hello"));

        TestSocket server = FinishConnect(listener);

        Assert.That(ReadText(server), Is.EqualTo("hello"));
        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
        AssertTheySpeak(client, server);
    }

    /// <summary>The first read of a connection takes two chunks of 16 KB at most: it ends at any octet of the note and of what is behind it.</summary>
    [Test]
    public void An_urgent_octet_is_found_wherever_a_read_ends([Range(-24, 4)] int octetsBefore, [Values(1, 3)] int length)
    {
        (TestSocket client, TestSocket server) = Connect(80);
        byte[] before = new byte[32_768 + octetsBefore];
        client.Post(before);
        client.PostNote(StreamOption.Urgent, length, behind: "abc"[..length]);
        client.Post(Text("defg"));

        AssertUrgent(server, [.. before, .. Text("abc"[..length] + "defg")], before.Length + length - 1);
    }

    [Test]
    public void An_urgent_octet_is_found_within_the_filler_and_behind_it([Values(1, 20_000, 39_999, 40_000)] int fillerBefore)
    {
        const int filler = 40_000;
        (TestSocket client, TestSocket listener) = BeginConnect(filler, fillerBefore);
        client.PostNote(StreamOption.Urgent, 3, behind: "abc");
        if (filler > fillerBefore)
            client.Post(new byte[filler - fillerBefore]);
        client.Post(Text("hello"));

        TestSocket server = FinishConnect(listener);

        AssertUrgent(server, Text("abchello"), 2);
    }

    [Test]
    public void Notes_and_urgent_octets_may_follow_on_each_other()
    {
        (TestSocket client, TestSocket server) = Connect(80);
        client.PostNote(StreamOption.NoDelay, 1);
        client.PostNote(StreamOption.Urgent, 2, behind: "ab");
        client.PostNote(StreamOption.KeepAlive, 1);
        client.PostNote(StreamOption.Urgent, 1, behind: "c");
        client.Post(Text("d"));

        AssertUrgent(server, Text("abcd"), 2);
        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    [Test]
    public void A_request_outdates_the_notes_that_wait_and_no_later_one([Values] bool tellsAgain)
    {
        (TestSocket client, TestSocket listener) = BeginConnect();
        client.PostNote(StreamOption.NoDelay, 1);
        client.Post(Text("data"));

        Assert.That(client.SetOption(Tcp, NoDelay, 0), Is.EqualTo(Errno.None));
        if (tellsAgain)
            client.PostNote(StreamOption.NoDelay, 1);
        TestSocket server = FinishConnect(listener);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(tellsAgain ? 1 : 0));
        Assert.That(ReadText(server), Is.EqualTo("data"));
        client.PostNote(StreamOption.NoDelay, 1);
        Network.Settle();
        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(1));
    }

    /// <summary>As when one thread sets the option while another is inside connect().</summary>
    [Test]
    public void A_note_may_come_before_the_request_of_its_connection([Values(0, 1)] int value)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Kernel.Check(UnixAddress.Connect(client.Descriptor, Left.Names.Requests));
        client.PostNote(StreamOption.NoDelay, 1 - value);
        client.PostNote(StreamOption.NoDelay, value);
        Network.Settle();

        client.PostConnectRequest(Right.Endpoint(80), 4000, value == 0 ? RequestFlags.NoDelay : RequestFlags.None);
        TestSocket server = FinishConnect(listener);

        Assert.That(client.GetOption(Tcp, NoDelay), Is.EqualTo(value));
        AssertTheySpeak(client, server);
    }

    [TestCase("x")]
    [TestCase("sixteen octets..")]
    public void What_comes_with_a_descriptor_and_is_no_note_is_data(string text)
    {
        (TestSocket client, TestSocket server) = Connect(80);

        client.PostWithDescriptor(Text(text));
        Network.Settle();

        Assert.That(ReadText(server), Is.EqualTo(text));
        AssertTheySpeak(client, server);
    }

    [Test]
    public void A_note_before_the_end_leaves_the_end([Values] bool isEarly)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = isEarly;
        client.Connect(Right.Endpoint(80));
        client.Post(Text("all"));
        client.PostNote(StreamOption.NoDelay, 1);
        client.Shutdown(Constants.ShutWr);

        TestSocket server = FinishConnect(listener);

        Assert.That(server.ReceiveAll(out int last), Is.EqualTo(Text("all")));
        Assert.That(last, Is.Zero);
    }

    /// <summary>A connect of which the host hears nothing yet, with so much of its filler.</summary>
    private (TestSocket Client, TestSocket Listener) BeginConnect(int filler, int fillerBefore)
    {
        TestSocket listener = Right.Listen(80);
        TestSocket client = Left.OpenStream();
        Left.Link.IsCut = true;
        Kernel.Check(UnixAddress.Connect(client.Descriptor, Left.Names.Requests));
        client.PostConnectRequest(Right.Endpoint(80), filler, RequestFlags.None, fillerBefore);
        return (client, listener);
    }

    /// <summary>All of it comes in line, and the kernel's mark stands at one octet.</summary>
    private void AssertUrgent(TestSocket server, byte[] expected, int mark)
    {
        int on = 1;
        Kernel.Check(Libc.setsockopt(server.Descriptor, Constants.SolSocket, OptionNumbers.SoOobInline, &on, sizeof(int)));
        Network.Settle();
        List<byte> all = [];
        List<int> marks = [];
        byte[] octets = new byte[65_536];
        while (true)
        {
            const nuint atMark = 0x8905; // SIOCATMARK
            int isThere;
            Kernel.Check(Libc.ioctl(server.Descriptor, atMark, &isThere));
            if (isThere != 0)
                marks.Add(all.Count);
            nint length;
            fixed (byte* start = octets)
                length = Libc.recv(server.Descriptor, start, (nuint)octets.Length, Constants.MsgDontwait);
            if (length <= 0)
                break;
            all.AddRange(octets.AsSpan(0, (int)length));
            Network.Settle();
        }
        Assert.That(all, Is.EqualTo(expected));
        Assert.That(marks, Is.EqualTo(new[] { mark }));
    }
}
