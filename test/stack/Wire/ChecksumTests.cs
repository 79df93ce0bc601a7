using Pyco.Stack.Wire;

namespace Pyco.Stack.Tests.Wire;

public sealed class ChecksumTests
{
    /// <summary>RFC 1071 as its words say it, one octet pair after the other.</summary>
    private static ushort Plain(ReadOnlySpan<byte> octets)
    {
        uint sum = 0;
        for (int index = 0; index < octets.Length; index++)
        {
            sum += (uint)octets[index] << (index % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (ushort)~sum;
    }

    [Test]
    public void The_example_of_RFC_1071_comes_out_as_printed()
    {
        byte[] octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        Assert.That(Checksum.Finish(Checksum.Add(octets)), Is.EqualTo(0x220d));
    }

    [Test]
    public void Every_length_and_alignment_gives_the_plain_sum()
    {
        byte[] octets = new byte[400];
        new Random(1).NextBytes(octets);
        Assert.Multiple(() =>
        {
            for (int start = 0; start < 8; start++)
            {
                for (int length = 0; length + start <= octets.Length; length++)
                {
                    ReadOnlySpan<byte> piece = octets.AsSpan(start, length);
                    Assert.That(Checksum.Finish(Checksum.Add(piece)), Is.EqualTo(Plain(piece)), $"{start}+{length}");
                }
            }
        });
    }

    [Test]
    public void All_ones_of_the_largest_packet_do_not_overflow()
    {
        byte[] octets = new byte[65535];
        octets.AsSpan().Fill(0xff);
        Assert.That(Checksum.Finish(Checksum.Add(octets)), Is.EqualTo(Plain(octets)));
    }

    [Test]
    public void A_sum_in_pieces_is_the_sum_of_the_whole()
    {
        byte[] octets = new byte[1501];
        new Random(2).NextBytes(octets);
        uint sum = Checksum.Add(octets.AsSpan(0, 20));
        sum = Checksum.Add(sum, octets.AsSpan(20, 1000));
        sum = Checksum.Add(sum, octets.AsSpan(1020));
        Assert.That(Checksum.Finish(sum), Is.EqualTo(Plain(octets)));
    }

    [Test]
    public void A_filled_checksum_is_valid_and_a_flipped_bit_is_not()
    {
        byte[] octets = new byte[64];
        new Random(3).NextBytes(octets);
        octets[10] = octets[11] = 0;
        ushort checksum = Checksum.Finish(Checksum.Add(octets));
        (octets[10], octets[11]) = ((byte)(checksum >> 8), (byte)checksum);
        Assert.That(Checksum.IsValid(Checksum.Add(octets)), Is.True);
        octets[40] ^= 4;
        Assert.That(Checksum.IsValid(Checksum.Add(octets)), Is.False);
    }

    [Test]
    public void A_changed_word_updates_the_checksum_as_a_new_sum_would()
    {
        byte[] octets = new byte[20];
        new Random(4).NextBytes(octets);
        ushort before = Checksum.Finish(Checksum.Add(octets));
        ushort oldWord = (ushort)(octets[8] << 8 | octets[9]);
        (octets[8], octets[9]) = (0x12, 0x34);
        Assert.That(Checksum.Update(before, oldWord, 0x1234), Is.EqualTo(Checksum.Finish(Checksum.Add(octets))));
    }

    [Test]
    public void The_pseudo_header_counts_as_its_octets_do()
    {
        IpAddress source = IpAddress.Parse("192.168.255.254");
        IpAddress destination = IpAddress.Parse("10.40.0.32");
        byte[] octets = [192, 168, 255, 254, 10, 40, 0, 32, 0, 17, 0xff, 0xe3];
        Assert.That(
            Checksum.Finish(Checksum.PseudoHeader(source, destination, 17, 0xffe3)), Is.EqualTo(Plain(octets)));
    }
}
