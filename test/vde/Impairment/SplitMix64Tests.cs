using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

public sealed class SplitMix64Tests
{
    [Test]
    public void It_gives_the_numbers_of_the_reference_implementation_for_seed_0()
    {
        SplitMix64 generator = new(0);
        Assert.That(
            Enumerable.Range(0, 4).Select(_ => generator.NextUInt64()),
            Is.EqualTo(new ulong[] { 0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f, 0xf88bb8a8724c81ec }));
    }

    [Test]
    public void It_gives_the_numbers_of_the_reference_implementation_for_a_large_seed()
    {
        SplitMix64 generator = new(1477776061723855037);
        Assert.That(
            Enumerable.Range(0, 5).Select(_ => generator.NextUInt64()),
            Is.EqualTo(new ulong[]
            {
                1985237415132408290UL, 2979275885539914483, 13511426838097143398, 8488337342461049707, 15141737807933549159,
            }));
    }

    [Test]
    public void Streams_and_seeds_share_no_numbers()
    {
        const int Numbers = 1000;
        HashSet<ulong> seen = [];
        for (uint seed = 0; seed < 10; seed++)
        {
            for (int stream = 0; stream < 10; stream++)
            {
                SplitMix64 generator = SplitMix64.ForStream(seed, stream);
                for (int count = 0; count < Numbers; count++)
                    Assert.That(seen.Add(generator.NextUInt64()), $"seed {seed}, stream {stream}");
            }
        }
    }

    [Test]
    public void A_short_rest_takes_the_first_octets_of_an_output()
    {
        byte[] octets = new byte[11];
        new SplitMix64(0).Fill(octets);
        Assert.That(Convert.ToHexString(octets), Is.EqualTo("AFCD1D7B39A820E2F465B9"));
    }
}
