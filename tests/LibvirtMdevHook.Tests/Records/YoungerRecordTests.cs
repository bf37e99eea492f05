using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Records;

/// <summary>What a domain got after a call of libvirt is not there for whoever acts for that call.</summary>
internal sealed class YoungerRecordTests
{
    private const long Millisecond = 1_000_000;

    private static readonly Guid Domain = Guid.Parse(DomainText.Uuid);
    private static readonly Moment Call = new(4711 * Millisecond);

    [TestCase(-Millisecond, true)]
    [TestCase(0, true)]
    [TestCase(Millisecond, false)]
    public void A_record_is_there_for_a_call_that_came_no_earlier(long planned, bool isThere)
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Planned(planned));

        using var own = store.Lock(Domain, Call, Soon())!;

        Assert.That(own.Load() is not null, Is.EqualTo(isThere));
        Assert.That(own.HasYounger, Is.EqualTo(!isThere));
        Assert.That(store.HasYounger(Domain, Call), Is.EqualTo(!isThere));
    }

    [Test]
    public void Who_acts_for_no_call_finds_every_record()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Planned(Millisecond));

        using var own = store.Lock(Domain, Soon())!;

        Assert.That(own.Load(), Is.Not.Null);
    }

    [Test]
    public void When_counting_every_record_counts()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Planned(Millisecond));

        using var own = store.Lock(Domain, Call, Soon())!;

        Assert.That(store.Domains(), Has.Length.EqualTo(1));
    }

    [TestCase(-Millisecond, false)]
    [TestCase(Millisecond, true)]
    public void A_reservation_is_deleted_for_a_call_that_came_later(long planned, bool stays)
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.SaveReservation(Planned(planned) with { Expires = Deadline.After(TimeSpan.FromMinutes(1)) });
        Assert.That(store.HasYounger(Domain, Call), Is.EqualTo(stays));

        store.DeleteReservation(Domain, Call);

        Assert.That(store.Reservations(), Has.Length.EqualTo(stays ? 1 : 0));
    }

    [Test]
    public void A_reservation_that_has_expired_is_nobodys()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.SaveReservation(Planned(Millisecond) with { Expires = new Deadline(1) });

        Assert.That(store.HasYounger(Domain, Call), Is.False);
    }

    /// <param name="after">Nanoseconds after the call; before it where negative.</param>
    private static Record Planned(long after) => new(Domain, "win10", TreeOfText.Boot, Call.Plus(after), Phase.Started, []);

    private static Deadline Soon() => Deadline.After(TimeSpan.FromSeconds(1));
}
