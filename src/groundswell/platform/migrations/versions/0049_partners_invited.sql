ALTER TABLE campaign_members DROP CONSTRAINT ck_campaign_members_status;
ALTER TABLE campaign_members ADD CONSTRAINT ck_campaign_members_status
    CHECK (status IN ('invited', 'applied', 'accepted', 'refused', 'declined', 'withdrawn', 'left'));

ALTER TABLE notifications DROP CONSTRAINT ck_notifications_kind;
ALTER TABLE notifications ADD CONSTRAINT ck_notifications_kind
    CHECK (kind IN ('catching_on', 'brought', 'comment', 'reply', 'follower', 'clip', 'statement', 'payout', 'decision', 'invitation'));
