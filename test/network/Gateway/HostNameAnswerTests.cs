using System.Text;
using Pyco.Host;
using Pyco.Network.Gateway;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

/// <summary>What a network's name server says of the network's own hosts, and what it leaves to others.</summary>
internal sealed class HostNameAnswerTests : IHostDirectory
{
    private const string Query = "\u0012\u0034\u0001\u0000\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000";
    private const string Answered = "\u0012\u0034\u0085\u0080\u0000\u0001\u0000\u0001\u0000\u0000\u0000\u0000";
    private const string Empty = "\u0012\u0034\u0085\u0080\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000";
    private const string Web = "\u0003web\0";
    private const string Reverse = "\u00019\u00010\u000240\u000210\u0007in-addr\u0004arpa\0";
    private const string TypeA = "\0\u0001\0\u0001";
    private const string TypeAaaa = "\0\u001c\0\u0001";
    private const string TypePtr = "\0\u000c\0\u0001";
    private const string TimeToLive = "\0\0\0\u0005";

    private readonly byte[] _answer = new byte[HostNameAnswers.Capacity];

    [Test]
    public void A_host_s_address_is_told() =>
        Assert.That(Ask(Query + Web + TypeA), Is.EqualTo(Answered + Web + TypeA + "\u00c0\u000c" + TypeA + TimeToLive + "\0\u0004\u000a\u0028\0\u0009"));

    [Test]
    public void A_name_without_such_a_record_has_an_empty_answer() => Assert.That(Ask(Query + Web + TypeAaaa), Is.EqualTo(Empty + Web + TypeAaaa));

    [Test]
    public void An_address_s_name_is_told() =>
        Assert.That(
            Ask(Query + Reverse + TypePtr),
            Is.EqualTo(Answered + Reverse + TypePtr + "\u00c0\u000c" + TypePtr + TimeToLive + "\0\u0005\u0003web\0"));

    [TestCase(Query + "\u0005other\0" + TypeA, TestName = "Another_name")]
    [TestCase(Query + "\u0003web\u0003org\0" + TypeA, TestName = "A_name_below_another")]
    [TestCase(Query + "\u00018\u00010\u000240\u000210\u0007in-addr\u0004arpa\0" + TypePtr, TestName = "Another_address")]
    [TestCase(Query + Web + "\0\u0001\0\u0003", TestName = "Another_class")]
    [TestCase(Query + "\0" + TypeA, TestName = "The_root")]
    [TestCase(Query + Web + "\0\u0001\0", TestName = "A_cut_question")]
    [TestCase(Query + "\u0003we", TestName = "A_cut_label")]
    [TestCase(Query + "\u00c0\u000c" + TypeA, TestName = "A_pointer")]
    [TestCase(Answered + Web + TypeA, TestName = "An_answer")]
    [TestCase("who is it?", TestName = "No_message")]
    [TestCase("", TestName = "Nothing")]
    public void Others_are_not_for_it_to_answer(string query) => Assert.That(Ask(query), Is.Empty);

    [Test]
    public void Nothing_breaks_it()
    {
        Random random = TestContext.CurrentContext.Random;
        byte[] model = Encoding.Latin1.GetBytes(Query + Reverse + TypePtr);
        for (int round = 0; round < 100_000; round++)
        {
            byte[] query = [.. model[..random.Next(model.Length + 1)], .. new byte[random.Next(300)]];
            for (int changes = random.Next(6); changes > 0 && query.Length > 0; changes--)
                query[random.Next(query.Length)] = (byte)random.Next(256);
            Assert.That(new HostNameAnswers(this).Answer(query, _answer), Is.InRange(0, HostNameAnswers.Capacity));
        }
    }

    IpAddress? IHostDirectory.FindAddress(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("web"u8) ? IpAddress.Parse("10.40.0.9") : null;

    string? IHostDirectory.FindName(IpAddress address) => address == IpAddress.Parse("10.40.0.9") ? "web" : null;

    private string Ask(string query) =>
        Encoding.Latin1.GetString(_answer.AsSpan(0, new HostNameAnswers(this).Answer(Encoding.Latin1.GetBytes(query), _answer)));
}
